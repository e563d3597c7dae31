/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress: how far a long run is, on a terminal.
 *
 *	s3route: 1234 of ~5000 records, 24 %, 1:07 left; 1200 good, 30 bad; 56/s
 *
 * How many there will be, the share and the time left are told where a mark has
 * said how many come behind it, see resume.h; or by its bytes, where stdin is a
 * file.  Outcomes that have not come up are left out, and what finds no room on
 * the line, from its end.  The line is rewritten a few times a second, by one
 * write(2) each time.
 * Several filters on one terminal would overwrite each other's lines, so only
 * one of a pipeline should show it.  Loop and name are borrowed.
 */
#ifndef S3EV_PROGRESS_H
#define S3EV_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "filter/stats.h"
#include "io/loop.h"

enum { PROGRESS_SAMPLES = 16 };

struct progress {
	struct stats stats;	/* the counters to show */

	struct loop *loop;	/* private from here on; NULL: nothing shown */
	int fd;
	const char *name;
	struct loop_timer timer;
	bool is_shown;
	unsigned long long size;	/* bytes of stdin from where we began, */
	unsigned long long taken;	/* and those of lines taken; 0: unknown */
	unsigned long long total;	/* of records; 0: unknown */
	unsigned long long before;	/* done before total was told, */
	uint64_t since;			/* and when that was */
	unsigned long long samples[PROGRESS_SAMPLES];	/* done, by tick */
	unsigned ticks;
};

/* Start the counters; nothing is shown yet. */
void progress_init(struct progress *progress);

/* Show the line on fd from now on, if fd is a terminal. */
void progress_show(struct progress *progress, struct loop *loop, int fd,
		   const char *name);

/* So many bytes of the input were taken. */
void progress_took(struct progress *progress, size_t bytes);

/* So many records come behind those that came so far. */
void progress_expect(struct progress *progress, unsigned long long records);

/* Erase the line, so that another one can be written in its place. */
void progress_clear(struct progress *progress);

/* Show the last state and the rate of the whole run, with a newline. */
void progress_end(struct progress *progress);

#endif
