/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics: numbers with names and labels, as they are at one moment.
 *
 * Whoever has counters adds them here, family by family; prom.h and otlp.h
 * write them.  Names follow Prometheus: "s3ev_" first, base units, "_total"
 * behind counters.  Everything is borrowed until the metrics are written.
 *
 * https://prometheus.io/docs/practices/naming/
 */
#ifndef S3EV_METRICS_H
#define S3EV_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "stat/histogram.h"

enum { METRICS_MAX = 256, METRIC_LABELS_MAX = 4, METRICS_COMMON_MAX = 2 };

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* A family: what is measured. */
struct metric {
	const char *name;	/* "s3ev_records_total" */
	const char *help;	/* a sentence, without full stop */
	const char *unit;	/* UCUM's, as OTLP wants it: "s", "By", "1" */
	enum metric_type type;
};

/* One number of a family. */
struct metric_sample {
	const struct metric *metric;
	struct str_pair labels[METRIC_LABELS_MAX];
	size_t n_labels;
	unsigned long long count;		/* of a counter */
	double value;				/* of a gauge */
	const struct histogram *histogram;	/* or this */
};

struct metrics {
	struct metric_sample samples[METRICS_MAX];
	size_t n;
	bool is_full;		/* there were more than METRICS_MAX */

	struct str_pair common[METRICS_COMMON_MAX];	/* labels of all */
	size_t n_common;
};

/* Begin anew, with no sample and no label. */
void metrics_begin(struct metrics *metrics);

/*
 * Give a label to each sample that is added from here on, but none if value is
 * absent.  name is a C string that lives on.
 */
void metrics_common(struct metrics *metrics, const char *name,
		    struct str value);

/*
 * Add a sample, with the common labels, to be filled by the caller.  Samples of one
 * family come one after the other.  One too many takes the place of the last,
 * and is_full says so.
 */
struct metric_sample *metrics_add(struct metrics *metrics,
				  const struct metric *metric);

/* Add a label to a sample; name is a C string that lives on. */
void metric_label(struct metric_sample *sample, const char *name,
		  struct str value);

#endif
