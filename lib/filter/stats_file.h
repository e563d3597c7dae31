/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats_file: the file of --stats, from its opening to its last line.
 *
 * Each line is appended with one write(2), so several filters may share a file.
 * A FIFO also gets lines without status while the run lasts: whoever reads it
 * wants to know now, and it does not grow.
 *
 * Beside the file another descriptor of stdout is kept until the last line is
 * written.  Who reads our stdout sees its end only then, and so has all lines
 * when it looks for them.
 */
#ifndef S3EV_STATS_FILE_H
#define S3EV_STATS_FILE_H

#include "base/err.h"
#include "filter/stats.h"
#include "io/loop.h"

struct stats_file {
	/* Set by the caller, the rest zeroed. */
	const char *filter;		/* borrowed; its name in the lines */
	struct stats (*now)(void *ctx);	/* what a line is to say */
	void *ctx;

	int fd;				/* -1: none; private from here on */
	int held_stdout;		/* -1: none */
	struct loop *loop;		/* NULL: nothing is told before the end */
	struct loop_timer timer;
};

/*
 * Open path, which may be NULL: there is no file then, and all else does nothing.
 * It is made if there is none.  A FIFO is waited for until somebody reads it, as
 * long as somebody reads stdout.  -1 with err if path cannot be opened.
 */
int stats_file_open(struct stats_file *file, const char *path, struct err *err);

/*
 * If the file is a FIFO, write a line every five seconds.  A reader who is slow
 * or has gone does not hold up the work.  loop is borrowed.
 */
void stats_file_tell(struct stats_file *file, struct loop *loop);

/*
 * Write the last line and close the file.  Once it is closed this does nothing,
 * since a signal may come when the line is written.  -1 with err if it could not
 * be written; where nobody reads a FIFO any more, that is an error as any other.
 */
int stats_file_end(struct stats_file *file, int status, struct err *err);

#endif
