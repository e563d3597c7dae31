/* SPDX-License-Identifier: Apache-2.0 */
/*
 * histogram: how often a value fell between which bounds.
 *
 * The room stat counts what becomes of records, and writes the numbers for
 * those who watch: Prometheus, OpenTelemetry, CloudWatch.  It makes metrics
 * (metrics.h) of any counters, so that other tools can show theirs the same way.
 *
 * The bounds are borrowed, ascending, HISTOGRAM_BOUNDS_MAX at most.  A value
 * that equals a bound counts below it, as Prometheus' le has it.
 */
#ifndef S3EV_HISTOGRAM_H
#define S3EV_HISTOGRAM_H

#include <stddef.h>

enum { HISTOGRAM_BOUNDS_MAX = 24 };

struct histogram {
	const double *bounds;
	size_t n_bounds;
	unsigned long long counts[HISTOGRAM_BOUNDS_MAX + 1];	/* each bound's
					 * own; the last is of what is above */
	unsigned long long count;	/* of all */
	double sum;
};

/* Empty. */
void histogram_init(struct histogram *histogram, const double *bounds,
		    size_t n_bounds);

void histogram_add(struct histogram *histogram, double value);

#endif
