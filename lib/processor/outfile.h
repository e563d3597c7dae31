/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outfile: what a processor writes to its standard output, as a file.
 *
 * We write the file, from a pipe.  A processor that wrote it itself would be
 * the only one to know that the disk was full in between: many do not look, and
 * there may be room again when it ends.
 *
 * The file has a name of spool_path(), so later filters may remove it.
 */
#ifndef S3EV_OUTFILE_H
#define S3EV_OUTFILE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "io/loop.h"

struct outfile {
	char *path;		/* in the arena; NULL: there is none */
	unsigned long long bytes;
	struct err err;		/* why the output is lost, if it is */

	struct loop *loop;	/* private from here on */
	int fd, from;		/* -1: closed */
	unsigned long long max;
	void (*over)(void *arg);
	void *arg;
};

/* Make an empty file in directory that nobody else can read. */
int outfile_open(struct outfile *file, const char *directory, struct str id,
		 struct arena *arena, struct err *err);

/*
 * From now on, write to it what comes from the pipe from, which is non-blocking
 * and ours to close.  With more than max bytes (0 is no limit) the output is
 * lost, with "OutputTooLarge", and when there is no room, with "SpoolFull".
 * Then, and at its end, the pipe is closed, and over is called.  file stays
 * where it is until it is closed or dropped; loop and arg are borrowed.  -1 with
 * errno.
 */
int outfile_fill(struct outfile *file, struct loop *loop, int from,
		 unsigned long long max, void (*over)(void *arg), void *arg);

/* May more come? */
bool outfile_is_open(const struct outfile *file);

/*
 * Write what is in the pipe now, and close both.  -1 if any of the output is
 * lost: see err.  over is not called.
 */
int outfile_close(struct outfile *file);

/* Remove the file, if there is one. */
void outfile_drop(struct outfile *file);

/* Append the member output, if there is one. */
void outfile_put(struct buf *members, const struct outfile *file,
		 const char *type);

#endif
