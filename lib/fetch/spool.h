/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool: files in a directory that later filters remove, no more than fit.
 *
 *	            room                    spool_keep()
 *	WAITING ───────────► OPEN ───────────────────────► KEPT ──► removed
 *	   ▲                 │  ▲                                   by others
 *	   │      spool_wait()  │ go_on
 *	   └─────────────────┘──┘          spool_drop() removes it before that
 *
 * An open file has a temporary name.  A file that is kept gets its own name and
 * belongs to others; it counts until it is gone, which is looked for while
 * something waits for room.  A file larger than the bound is let in when there
 * is no other, so that one may always go on.
 *
 * Where the file system can, room on the disk is reserved before the first byte
 * comes.  When the disk is full, a file waits as long as another one exists or
 * is being written, since that may make room; else it fails.
 */
#ifndef S3EV_SPOOL_H
#define S3EV_SPOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "io/loop.h"
#include "record/record.h"

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

/* Call it when nothing waits.  Files that were kept stay where they are. */
void spool_free(struct spool *spool);

/*
 * Open a file that only its owner may read, named after the id, as soon as
 * there is room for it, in the order they come.
 */
void spool_open(struct spool *spool, struct spool_file *file);

/*
 * The disk is full in the middle of an open file.  True: go_on is called when
 * there may be room again.  False: nothing could make room.
 */
bool spool_wait(struct spool_file *file);

/* It is whole and has so many bytes: close it and give it its own name. */
int spool_keep(struct spool_file *file, unsigned long long bytes,
	       struct err *err);

/* Remove it, open or waiting.  Does nothing to one that was kept. */
void spool_drop(struct spool_file *file);

/*
 * The name of a file that belongs to the record with this id:
 * DIRECTORY/s3ev-ID-REST, in the arena.  It is made of the id and never of the
 * key, which may hold anything.  NULL if memory is out.
 */
char *spool_path(struct arena *arena, const char *directory, struct str id,
		 const char *rest);

/* Is this such a name?  Only then may a file be removed for that record. */
bool spool_path_is_of(const char *path, struct str id);

/*
 * Nobody needs the files of a record any more: remove the one that was fetched
 * and the processor's output.  Their paths stand in the record, so anybody may
 * have written them: a file whose name is not this record's stays.
 */
void spool_remove(const struct record *record);

#endif
