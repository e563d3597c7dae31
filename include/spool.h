/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool: files in a directory that others take away, no more than fit.
 *
 * A file is being written, under a name of its own, until it is kept; then it
 * is somebody else's, and counts until it is not there any more, which is
 * looked for while something waits for room.  A file larger than the bound
 * is let in when there is no other, so that there is always one that may go on.
 *
 * Room is also taken on the disk before the first byte comes, where the file
 * system can.  When the disk is full, a file waits as long as another is there
 * or being written; else it cannot be.
 */
#ifndef S3EV_SPOOL_H
#define S3EV_SPOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "err.h"
#include "loop.h"
#include "str.h"

/* One that was kept; private. */
struct spool_kept;

struct spool {
	/* Set by the caller, the rest zeroed; all borrowed. */
	struct loop *loop;
	const char *directory;
	unsigned long long max;		/* bytes of all files; 0: no bound */

	/* Something has waited for a while, in words. */
	void (*say)(void *ctx, const char *line);
	void *ctx;

	unsigned long long used;	/* private from here on */
	unsigned long long count;	/* makes names unique in the process */
	unsigned writing;		/* files that are open */
	unsigned stuck;			/* of them, waiting */
	struct spool_kept *kept, **last_kept;	/* the oldest first */
	size_t n_kept;
	struct spool_file *waiting, **last_waiting;
	struct loop_timer timer;
	unsigned ticks;			/* since something began to wait */
};

struct spool_file {
	/* Set by the caller, the rest zeroed; borrowed until kept or dropped. */
	struct str id;			/* of the record */
	unsigned long long bytes;	/* as far as it is known */
	struct arena *arena;

	/* Called once there is room, from spool_open() or later: see err. */
	void (*opened)(void *arg);

	/* After spool_wait(): there may be room. */
	void (*go_on)(void *arg);
	void *arg;

	const char *path;		/* what it is called when it is kept */
	const char *part;		/* and until then */
	int fd;				/* to read and write; -1: not open */
	struct err err;

	struct spool *spool;		/* private from here on */
	struct spool_file *next, **link;	/* while it waits */
	bool is_open;
};

void spool_init(struct spool *spool);

/* When nothing waits.  Forgets the files, which stay where they are. */
void spool_free(struct spool *spool);

/*
 * Open a file that only its owner may read, named after the id, as soon as
 * there is room for it, in the order they come.
 */
void spool_open(struct spool *spool, struct spool_file *file);

/*
 * The disk is full in the middle of an open file.  True: go_on is called when
 * there may be room.  False: there is nothing to wait for.
 */
bool spool_wait(struct spool_file *file);

/* It is whole, with so many bytes: close it and give it its name. */
int spool_keep(struct spool_file *file, unsigned long long bytes,
	       struct err *err);

/* Remove it, open or waiting.  Does nothing to one that was kept. */
void spool_drop(struct spool_file *file);

#endif
