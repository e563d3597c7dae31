/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/metrics.h"

#include <string.h>

void metrics_begin(struct metrics *metrics)
{
	metrics->n = metrics->n_common = 0;
	metrics->is_full = false;
}

void metrics_common(struct metrics *metrics, const char *name,
		    struct str value)
{
	if (value.p && metrics->n_common < METRICS_COMMON_MAX)
		metrics->common[metrics->n_common++] =
			(struct str_pair){ str_of(name), value };
}

struct metric_sample *metrics_add(struct metrics *metrics,
				  const struct metric *metric)
{
	struct metric_sample *sample;

	if (metrics->n == METRICS_MAX) {
		metrics->is_full = true;
		metrics->n--;
	}
	sample = &metrics->samples[metrics->n++];
	*sample = (struct metric_sample){ .metric = metric,
					  .n_labels = metrics->n_common };
	memcpy(sample->labels, metrics->common, sizeof(metrics->common));
	return sample;
}

void metric_label(struct metric_sample *sample, const char *name,
		  struct str value)
{
	if (sample->n_labels < METRIC_LABELS_MAX)
		sample->labels[sample->n_labels++] =
			(struct str_pair){ str_of(name), value };
}
