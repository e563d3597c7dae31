/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pace: how many requests may be under way, depending on what the server takes.
 *
 * The limit moves between 1 and a maximum.  It is halved when the server
 * throttles, at most once for all requests sent before the cut, and grows by
 * one for each limit's worth of clean answers.  If the server throttles even
 * one request at a time, there is a pause between requests, which grows and
 * shrinks in the same way.  Pure: nothing here waits or knows the time.
 */
#ifndef S3EV_PACE_H
#define S3EV_PACE_H

#include <stdbool.h>

struct pace {
	unsigned limit, max;	/* max 0: no limit at all */
	unsigned active;	/* begun and not ended */
	unsigned clean;		/* clean answers since the limit moved */
	unsigned epoch;		/* number of cuts so far */
	unsigned long pause_ms;	/* before the next may begin */
	bool hopeless;		/* even one at a time was throttled */
	unsigned urgent;	/* requests that have one try left */
};

void pace_init(struct pace *pace, unsigned max);

/* Is there no room for another? */
bool pace_is_full(const struct pace *pace);

/* Are more under way than there may be, since the limit was cut? */
bool pace_is_over(const struct pace *pace);

/*
 * A request begins or ends.  While one is urgent pace_is_full() holds for all
 * others, so that its last try has a chance.
 */
void pace_begin(struct pace *pace);
void pace_end(struct pace *pace);

/*
 * An answer, to a request sent when pace->epoch was epoch.  Both return true
 * if the limit has changed.  An answer is clean unless it throttles, or is a
 * failure that says nothing about the load.
 */
bool pace_clean(struct pace *pace);
bool pace_throttled(struct pace *pace, unsigned epoch);

/*
 * A throttled request was given up.  If that happens with one at a time, the
 * limit is lifted until there is a clean answer: waiting requests should fail
 * together rather than time out one by one.
 */
void pace_gave_up(struct pace *pace);

#endif
