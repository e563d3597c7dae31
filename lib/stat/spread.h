/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spread: at most SPREAD_MAX of any number of values, taken evenly.
 *
 * When there is no more room, every second one is dropped, and from then on
 * only every second one is taken.  So the choice depends on nothing but the
 * values.
 */
#ifndef S3EV_SPREAD_H
#define S3EV_SPREAD_H

#include <stddef.h>

enum { SPREAD_MAX = 100 };

struct spread {
	double values[SPREAD_MAX];
	size_t n;

	unsigned long long seen;	/* private from here on */
	unsigned doublings;
};

/* All zero is an empty one. */
void spread_add(struct spread *spread, double value);

#endif
