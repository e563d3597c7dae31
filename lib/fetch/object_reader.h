/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object_reader: the bytes of a record's object, each of them once.
 *
 * They come from the spool file if the record has one (fetch.path), else
 * straight from S3, so that an object may be larger than memory and disk.  From
 * S3 they are pinned, verified, and go on after a cut (range_reader.h).  The
 * caller may say that it cannot take more now.  The end is good only when all
 * bytes came and are the ones that were announced.
 */
#ifndef S3EV_OBJECT_READER_H
#define S3EV_OBJECT_READER_H

#include <stdbool.h>

#include "aws/aws.h"
#include "base/arena.h"
#include "base/err.h"
#include "fetch/range_reader.h"
#include "fetch/verify.h"
#include "io/loop.h"
#include "record/record.h"
#include "s3/s3.h"

struct object_reader {
	/* Set by the caller; all borrowed until done. */
	struct loop *loop;
	struct aws *aws;		/* needed if the object is remote */
	const struct record *record;
	const struct s3_options *options;	/* of the GET, or NULL */
	struct arena *arena;

	/* Take n bytes, 1 or more; as a sink of http.h. */
	int (*take)(void *arg, const char *bytes, size_t n);

	/* Never called from object_reader_start() or object_reader_resume(). */
	void (*done)(void *arg);
	void *arg;

	/*
	 * When done: empty, or why not all bytes came; see s3_may_be_gone().
	 * "Aborted": take wanted no more.  The rest is read all the same where
	 * only its digest shows whose bytes came, and where it is short: up to
	 * 64 KiB, and 8 MiB from a server that is not AWS's.  Then whoever has
	 * wanted no more must not decide if this is set (has_to_prove).
	 */
	struct err err;
	bool has_to_prove;

	struct str etag;		/* of the first answer of S3 */
	struct record_marks marks;	/* and what else it says */
	bool etag_is_md5;		/* that answer says so */

	struct range_reader range;	/* private from here on; from S3 */
	struct verify verify;
	bool is_unwanted;		/* take is not called any more */
	bool started;
	int fd;				/* of the spool file, or -1 */
	char *piece;			/* of the file, in the arena */
	size_t piece_size;
	size_t piece_n;			/* bytes of it that wait to be taken */
	unsigned long long bytes;	/* of it that were taken */
};

/* Must the record's object come from S3, since there is no spool file? */
bool object_reader_is_remote(const struct record *record);

/*
 * Open the record's spool file for reading, at its beginning.  Returns the
 * descriptor, or -1 with err: it must be a file that has all its bytes.
 */
int object_reader_open(const struct record *record, struct err *err);

/* Begin.  -1 with err if the file cannot be read; done is then not called. */
int object_reader_start(struct object_reader *reader, struct err *err);

/* Bytes can be taken again. */
void object_reader_resume(struct object_reader *reader);

/*
 * Nobody wants the rest.  True: it was stopped, and done is not called.  False:
 * every byte has been taken, or has to be read, and done will say whether they
 * are the right ones.
 */
bool object_reader_stop(struct object_reader *reader);

/* Free everything; what is under way is cancelled.  It may not have begun. */
void object_reader_free(struct object_reader *reader);

#endif
