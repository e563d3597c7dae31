/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lambda_metrics: what became of one event, as a line that CloudWatch makes
 * metrics of (emf.h).  Pure: the clock and the environment are the caller's.
 */
#ifndef S3EV_LAMBDA_METRICS_H
#define S3EV_LAMBDA_METRICS_H

#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "base/str.h"
#include "driver/results.h"

enum { LAMBDA_METRICS_MAX = 4 << 10 };	/* bytes of a line */

/* All borrowed. */
struct lambda_metrics {
	struct str function;		/* its name, the dimension */
	struct str request;		/* its id */
	const struct results_counts *counts;
	uint64_t took;			/* ms */
	time_t now;			/* seconds since 1970 */
};

/* Append the line, with its newline. */
void lambda_metrics_put(struct buf *line, const struct lambda_metrics *metrics);

#endif
