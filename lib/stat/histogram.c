/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/histogram.h"

#include <string.h>

void histogram_init(struct histogram *histogram, const double *bounds,
		    size_t n_bounds)
{
	memset(histogram, 0, sizeof(*histogram));
	histogram->bounds = bounds;
	histogram->n_bounds = n_bounds < HISTOGRAM_BOUNDS_MAX ?
			      n_bounds : HISTOGRAM_BOUNDS_MAX;
}

void histogram_add(struct histogram *histogram, double value)
{
	size_t i = 0;

	while (i < histogram->n_bounds && value > histogram->bounds[i])
		i++;
	histogram->counts[i]++;
	histogram->count++;
	histogram->sum += value;
}
