/* SPDX-License-Identifier: Apache-2.0 */
#include "report/timeline.h"

#include <string.h>

enum { MINUTE = 60, HOUR = 3600, DAY = 24 * HOUR, WEEK = 7 * DAY };

void timeline_init(struct timeline *timeline)
{
	memset(timeline, 0, sizeof(*timeline));
	timeline->length = MINUTE;
}

/* Each is a multiple of the one before, so that spans are merged whole. */
static long long longer(long long length)
{
	static const long long lengths[] = { MINUTE, 10 * MINUTE, HOUR, DAY,
					     WEEK, 4 * WEEK, 52 * WEEK };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
		if (lengths[i] > length)
			return lengths[i];
	return 10 * length;
}

static long long start_of(const struct timeline *timeline, long long seconds)
{
	long long rest = seconds % timeline->length;

	return seconds - rest - (rest < 0 ? timeline->length : 0);
}

static void lengthen(struct timeline *timeline)
{
	size_t n = 0;

	timeline->length = longer(timeline->length);
	for (size_t i = 0; i < timeline->n; i++) {
		struct timeline_span span = timeline->spans[i];

		span.start = start_of(timeline, span.start);
		if (n == 0 || timeline->spans[n - 1].start != span.start) {
			timeline->spans[n++] = span;
			continue;
		}
		for (int k = 0; k <= RECORD_FAILED; k++)
			timeline->spans[n - 1].counts[k] += span.counts[k];
	}
	timeline->n = n;
}

void timeline_fit(struct timeline *timeline, size_t max)
{
	while (timeline->n > max)
		lengthen(timeline);
}

/* The first span that does not begin before start. */
static size_t find(const struct timeline *timeline, long long start)
{
	size_t low = 0, high = timeline->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (timeline->spans[middle].start < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void timeline_add(struct timeline *timeline, long long seconds,
		  enum record_outcome outcome)
{
	long long start = start_of(timeline, seconds);
	size_t i = find(timeline, start);

	if (i == timeline->n || timeline->spans[i].start != start) {
		if (timeline->n == TIMELINE_MAX) {
			timeline_fit(timeline, TIMELINE_MAX - 1);
			timeline_add(timeline, seconds, outcome);
			return;
		}
		memmove(&timeline->spans[i + 1], &timeline->spans[i],
			(timeline->n - i) * sizeof(*timeline->spans));
		memset(&timeline->spans[i], 0, sizeof(*timeline->spans));
		timeline->spans[i].start = start;
		timeline->n++;
	}
	timeline->spans[i].counts[outcome]++;
}

unsigned long long timeline_sum(const struct timeline_span *span)
{
	unsigned long long sum = 0;

	for (int k = 0; k <= RECORD_FAILED; k++)
		sum += span->counts[k];
	return sum;
}

unsigned long long timeline_peak(const struct timeline *timeline)
{
	unsigned long long peak = 0;

	for (size_t i = 0; i < timeline->n; i++)
		if (timeline_sum(&timeline->spans[i]) > peak)
			peak = timeline_sum(&timeline->spans[i]);
	return peak;
}
