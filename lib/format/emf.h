/* SPDX-License-Identifier: Apache-2.0 */
/*
 * emf: a log line from which CloudWatch makes metrics.
 *
 * It counts only where it comes to CloudWatch Logs as it is, a line of its own:
 * from Lambda, or by an agent.  CloudWatch adds the numbers of lines up, so
 * each line has what is new since the one before.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
#ifndef S3EV_EMF_H
#define S3EV_EMF_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum { EMF_VALUES_MAX = 100 };	/* of one metric in a line */

struct emf_metric {
	const char *name, *unit;	/* unit: CloudWatch's word */
	unsigned long long value;
	const double *values;		/* or these, if not NULL */
	size_t n_values;		/* with none, the metric is left out */
};

struct emf {
	const char *dimension;		/* its name, "Function" */
	struct str value;		/* and value */
	uint64_t time;			/* ms since 1970 */
	const struct emf_metric *metrics;
	size_t n;
	struct str members;		/* more members, JSON, which are no
					 * metrics: "\"a\":1"; may be absent */
};

/* Append the line, with its newline. */
void emf_put(struct buf *out, const struct emf *emf);

#endif
