/* SPDX-License-Identifier: Apache-2.0 */
/*
 * download: a record's object into a file, whole and verified.
 *
 * An object of more than part_size bytes is looked at first (HEAD) and then
 * read in ranges, some at a time, all pinned to the same version or ETag; any
 * other in one piece.  What is cut off is read on from the byte it had come to.
 * From a server that knows no ranges the object comes in one piece, and after a
 * cut from its beginning, what had come before being passed over.  The bytes are digested in their order, as soon as all before
 * them are there: those of other ranges are read back from the file.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance-guidelines.html
 */
#ifndef S3EV_DOWNLOAD_H
#define S3EV_DOWNLOAD_H

#include <stdbool.h>

#include "arena.h"
#include "aws.h"
#include "err.h"
#include "loop.h"
#include "record.h"
#include "s3.h"
#include "str.h"
#include "verify.h"

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
	 * The disk is full: true to wait, until download_go_on(), false to give
	 * up.  NULL: give up.
	 */
	bool (*full)(void *arg);
	void (*done)(void *arg);	/* from the loop, never from the start */
	void *arg;

	/* err.code[0] == 0: the file is whole, and has so many bytes. */
	struct err err;
	unsigned long long bytes;
	bool etag_is_md5;		/* the ETag is the MD5 of them */
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
