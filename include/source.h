/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source: the bytes of a record's object, each of them once.
 *
 * They come from the spool file if the record has one (fetch.path), else
 * straight from S3, pinned and verified, so that an object may be larger than
 * memory and disk.  What is cut off goes on from the byte it had come to, if
 * the ETag shows that it is the same object.  Whoever takes them may say that
 * it cannot take more now.  The end is good only when all bytes came and are
 * the ones that were announced.
 */
#ifndef S3EV_SOURCE_H
#define S3EV_SOURCE_H

#include <stdbool.h>

#include "arena.h"
#include "aws.h"
#include "err.h"
#include "loop.h"
#include "record.h"
#include "s3.h"
#include "verify.h"

struct source {
	/* Set by the caller; all borrowed until done. */
	struct loop *loop;
	struct aws *aws;		/* needed if the object is remote */
	const struct record *record;
	const struct s3_options *options;	/* of the GET, or NULL */
	struct arena *arena;

	/* Take n bytes, 1 or more; as a sink of http.h. */
	int (*take)(void *arg, const char *bytes, size_t n);

	/* Never called from source_start() or source_resume(). */
	void (*done)(void *arg);
	void *arg;

	/*
	 * When done: empty, or why not all bytes came; see s3_is_gone().
	 * "Aborted": take wanted no more.
	 */
	struct err err;

	struct str etag;		/* of the first answer of S3 */

	struct s3_call call;		/* private from here on */
	struct verify verify;
	unsigned long long began;	/* where this request did */
	unsigned long long skip;	/* bytes of its answer to pass over */
	bool is_unwanted;		/* the rest of them */
	bool started;
	int fd;
	char *piece;			/* of the file, in the arena */
	size_t piece_size;
	size_t piece_n;			/* bytes of it that wait to be taken */
	unsigned long long bytes;	/* that were taken */
};

/* Does the record's object have to come from S3? */
bool source_is_remote(const struct record *record);

/*
 * Open the record's spool file for reading, at its beginning.  Returns the
 * descriptor, or -1 with err: it must be a file that has all its bytes.
 */
int source_open(const struct record *record, struct err *err);

/* Begin.  -1 with err if the file cannot be read; done is then not called. */
int source_start(struct source *source, struct err *err);

/* Bytes can be taken again. */
void source_resume(struct source *source);

/*
 * Nobody wants the rest.  True: done will not be called.  False: every byte
 * has been taken, and whether they are the right ones is yet to come.
 */
bool source_stop(struct source *source);

/* Free everything; what is under way is cancelled.  It may not have begun. */
void source_free(struct source *source);

#endif
