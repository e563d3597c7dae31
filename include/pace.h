/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pace: how many requests may be under way, as the server takes them.
 *
 * The limit moves between 1 and a maximum: it is halved when the server says
 * that it is too much, at most once for what was sent before, and grows by one
 * for each limit's worth of clean answers.  A server that is still throttling
 * when there is one request at a time gets a pause between requests, which
 * grows and shrinks likewise.  Pure: nothing here waits or knows the time.
 */
#ifndef S3EV_PACE_H
#define S3EV_PACE_H

#include <stdbool.h>

struct pace {
	unsigned limit, max;	/* max 0: no limit at all */
	unsigned active;	/* begun and not ended */
	unsigned clean;		/* answers since the limit moved */
	unsigned epoch;		/* counts the cuts */
	unsigned long pause_ms;	/* before the next may begin */
	bool hopeless;		/* not even one at a time was taken */
	unsigned urgent;	/* are before their last try */
};

void pace_init(struct pace *pace, unsigned max);

/* Is there no room for another? */
bool pace_is_full(const struct pace *pace);

/* Are more under way than there may be, since the limit was cut? */
bool pace_is_over(const struct pace *pace);

/* Until what is urgent has ended nobody else begins, so it has a chance. */
void pace_begin(struct pace *pace);
void pace_end(struct pace *pace);

/*
 * An answer, to what was sent when pace->epoch was epoch.  Both return true
 * if the limit has changed.  An answer counts as clean unless it is throttling
 * or a failure that says nothing about the load.
 */
bool pace_clean(struct pace *pace);
bool pace_throttled(struct pace *pace, unsigned epoch);

/*
 * A throttled request was given up.  If that happens with one at a time, the
 * limit is lifted until there is a clean answer: those behind had better fail
 * soon than one after the other.
 */
void pace_gave_up(struct pace *pace);

#endif
