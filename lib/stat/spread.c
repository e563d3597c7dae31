/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/spread.h"

static void thin_out(struct spread *spread)
{
	size_t n = 0;

	for (size_t i = 0; i < spread->n; i += 2)
		spread->values[n++] = spread->values[i];
	spread->n = n;
	spread->doublings++;
}

void spread_add(struct spread *spread, double value)
{
	unsigned long long stride = 1ULL << spread->doublings;

	if (spread->seen++ % stride != 0)
		return;
	if (spread->n == SPREAD_MAX)
		thin_out(spread);
	/* The one after an even number of them would be dropped, too. */
	if ((spread->seen - 1) % (1ULL << spread->doublings) == 0)
		spread->values[spread->n++] = value;
}
