/* SPDX-License-Identifier: Apache-2.0 */
#include "lambda/lambda_metrics.h"

#include "format/emf.h"
#include "format/json_write.h"

void lambda_metrics_put(struct buf *line, const struct lambda_metrics *metrics)
{
	const struct results_counts *counts = metrics->counts;
	const struct emf_metric all[] = {
		{ .name = "Records", .unit = "Count", .value = counts->records },
		{ .name = "Good", .unit = "Count", .value = counts->good },
		{ .name = "Bad", .unit = "Count", .value = counts->bad },
		{ .name = "Gone", .unit = "Count", .value = counts->gone },
		{ .name = "Failed", .unit = "Count", .value = counts->failed },
		{ .name = "DurationMs", .unit = "Milliseconds",
		  .value = metrics->took },
	};
	struct emf emf = {
		.dimension = "Function",
		.value = metrics->function,
		.time = (uint64_t)metrics->now * 1000,
		.metrics = all,
		.n = sizeof(all) / sizeof(*all),
	};
	struct buf members;

	buf_init(&members, LAMBDA_METRICS_MAX);
	json_member(&members, "RequestId", metrics->request);
	emf.members = buf_str(&members);
	emf_put(line, &emf);
	buf_free(&members);
}
