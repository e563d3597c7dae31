/* SPDX-License-Identifier: Apache-2.0 */
#include "emf.h"

#include "json.h"

void emf_put(struct buf *out, const struct emf *emf)
{
	const struct reply_counts *counts = emf->counts;
	const struct {
		const char *name, *unit;
		unsigned long long value;
	} metrics[] = {
		{ "Records", "Count", counts->records },
		{ "Good", "Count", counts->good },
		{ "Bad", "Count", counts->bad },
		{ "Gone", "Count", counts->gone },
		{ "Failed", "Count", counts->failed },
		{ "DurationMs", "Milliseconds", emf->duration },
	};
	const size_t n = sizeof(metrics) / sizeof(*metrics);

	buf_puts(out, "{\"_aws\":{");
	json_member_number(out, "Timestamp", emf->time);
	buf_puts(out, ",\"CloudWatchMetrics\":[{\"Namespace\":\"s3ev\","
		      "\"Dimensions\":[[\"Function\"]],\"Metrics\":[");
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s{\"Name\":\"%s\",\"Unit\":\"%s\"}",
			   i > 0 ? "," : "", metrics[i].name, metrics[i].unit);
	buf_puts(out, "]}]}");
	json_member(out, "Function", str_of(emf->function));
	json_member(out, "RequestId", emf->request);
	for (size_t i = 0; i < n; i++)
		json_member_number(out, metrics[i].name, metrics[i].value);
	buf_puts(out, "}\n");
}
