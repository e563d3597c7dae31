/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline: how many records of each outcome belong to which span of time.
 *
 * The room report makes a page of records, for people who would rather look
 * than read.  Its memory does not grow with their number.
 *
 * The spans are a minute long at first.  When there are more of them than there
 * is room for, all become longer: 10 minutes, an hour, a day, a week, and so on.
 * So the result depends on the records only, not on their order.
 */
#ifndef S3EV_TIMELINE_H
#define S3EV_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>

#include "record/record.h"

enum { TIMELINE_MAX = 512 };

struct timeline_span {
	long long start;	/* seconds since 1970 */
	unsigned long long counts[RECORD_FAILED + 1];
};

struct timeline {
	struct timeline_span spans[TIMELINE_MAX];	/* ascending; none is
							 * empty */
	size_t n;
	long long length;	/* of a span, in seconds */
};

void timeline_init(struct timeline *timeline);
void timeline_add(struct timeline *timeline, long long seconds,
		  enum record_outcome outcome);

/* Make the spans longer until there are at most so many; max > 0. */
void timeline_fit(struct timeline *timeline, size_t max);

/* The sum of a span's counts, and the largest of them all. */
unsigned long long timeline_sum(const struct timeline_span *span);
unsigned long long timeline_peak(const struct timeline *timeline);

#endif
