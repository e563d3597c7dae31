/* SPDX-License-Identifier: Apache-2.0 */
/*
 * download: a record's object into a file, whole and verified.
 *
 * An object of at most part_size bytes is read in one piece.  A larger one is
 * first asked for with HEAD and then read in ranges, some at a time, all pinned
 * to the same version or ETag.  Each range goes on after a cut, see
 * range_reader.h.  If the server knows no ranges, the object comes in one piece
 * after all.
 *
 * The bytes are digested in their order, as soon as all before them are in the
 * file; those of other ranges are read back from it.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance-guidelines.html
 */
#ifndef S3EV_DOWNLOAD_H
#define S3EV_DOWNLOAD_H

#include <stdbool.h>

#include "aws/aws.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "fetch/verify.h"
#include "io/loop.h"
#include "record/record.h"
#include "s3/s3.h"

enum { DOWNLOAD_PARTS_MAX = 64 };

struct download_part;

struct download {
	/* Set by the caller, the rest zeroed; all borrowed until done. */
	struct loop *loop;
	struct aws *aws;
	const struct record *record;
	const struct s3_options *options;	/* or NULL */
	struct arena *arena;
	unsigned long long part_size;	/* bytes */
	unsigned parts;			/* at once, 1 to DOWNLOAD_PARTS_MAX */
	int fd;				/* of an empty file, to read and write */
	const char *path;		/* its name, for messages */

	/*
	 * The disk is full.  True: wait for download_go_on().  False, or NULL
	 * instead of a function: give up.
	 */
	bool (*full)(void *arg);
	void (*done)(void *arg);	/* from the loop, never from the start */
	void *arg;

	/* When done: empty if the file is whole; then so many bytes are in it. */
	struct err err;
	unsigned long long bytes;
	bool etag_is_md5;		/* the ETag is the MD5 of them */
	struct record_marks marks;	/* what else tells the object */
	bool is_disk;			/* err is the file's, not the network's */

	struct s3_call head;		/* private from here on */
	struct verify verify;		/* verify.bytes are digested */
	struct str etag;		/* of the first answer */
	struct download_part *part;
	unsigned n_parts, active;
	unsigned long long next;	/* where the next range begins */
	unsigned long long size;	/* of the object, if in_ranges */
	bool in_ranges, knows_no_ranges;
	struct loop_timer timer;
};

void download_start(struct download *download);

/* There may be room on the disk again. */
void download_go_on(struct download *download);

/* Stop; done is not called.  Does nothing to one that is done. */
void download_cancel(struct download *download);

#endif
