/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress: how far a long run is, on a terminal.
 *
 *	s3route: 1234 done: 1200 good, 30 bad, 4 gone, 0 failed; 56/s
 *
 * The line is rewritten a few times a second while it changes, by one write(2)
 * each.  Several filters on one terminal would write over each other: it is for
 * one of them.
 */
#ifndef S3EV_PROGRESS_H
#define S3EV_PROGRESS_H

#include <stdbool.h>

#include "loop.h"
#include "stats.h"

enum { PROGRESS_SAMPLES = 16 };

struct progress {
	struct stats stats;	/* what is to be shown */

	struct loop *loop;	/* private from here on; NULL: nothing shown */
	int fd;
	const char *name;
	struct loop_timer timer;
	bool is_shown;
	unsigned long long samples[PROGRESS_SAMPLES];	/* done, by tick */
	unsigned ticks;
};

/* The counters begin; nothing is shown. */
void progress_init(struct progress *progress);

/* Show it on fd from now on, if that is a terminal.  Borrows all. */
void progress_show(struct progress *progress, struct loop *loop, int fd,
		   const char *name);

/* Make room for another line. */
void progress_clear(struct progress *progress);

/* Show the last state and the rate of the whole run, with a newline. */
void progress_end(struct progress *progress);

#endif
