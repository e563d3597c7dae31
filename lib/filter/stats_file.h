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
	int fd;				/* -1: none; private from here on */
	int held_stdout;		/* -1: none */
	const char *filter;
	struct loop *loop;		/* NULL: nothing is told before the end */
	struct loop_timer timer;
	struct stats (*now)(void *ctx);
	void *ctx;
};

/*
 * Open path, which may be NULL: there is no file then, and all else does nothing.
 * It is made if there is none.  A FIFO is waited for until somebody reads it, as
 * long as somebody reads stdout.  filter, which is borrowed, is the name in the
 * lines.  -1 with err if path cannot be opened.
 */
int stats_file_open(struct stats_file *file, const char *path,
		    const char *filter, struct err *err);

/*
 * If the file is a FIFO, tell it every five seconds what now returns.  A reader
 * who is slow or has gone does not hold up the work.  loop is borrowed.
 */
void stats_file_tell(struct stats_file *file, struct loop *loop,
		     struct stats (*now)(void *ctx), void *ctx);

/*
 * Write the last line and close the file.  Once it is closed this does nothing,
 * since a signal may come when the line is written.  -1 with err if it could not
 * be written; where nobody reads a FIFO any more, that is an error as any other.
 */
int stats_file_end(struct stats_file *file, const struct stats *stats,
		   int status, struct err *err);

#endif
