/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multipart: write one object in parts, several at once.
 *
 * The bytes come from a file or from an object, which each part is pinned to.
 * Each part is tried again on its own; if one fails in the end, those under way
 * are waited for and the upload is aborted, so that nothing of it stays
 * behind.  The same is attempted when it is cancelled.  What a killed process
 * has left is aborted by the next that writes to the same key, see
 * stale_upload.h.
 *
 * Where CompleteMultipartUpload keeps no condition but PutObject does, the key is
 * claimed just before it is completed: by an empty object, put on the condition
 * that nothing is there, or that what is to be replaced still is, with
 * x-amz-meta-s3ev-claim: the record's id.  Only who
 * finds its own claim there completes.  A claim that a killed process has left
 * is what the next one that works on the record finds, and goes on from.  What
 * is to overwrite another object is completed there without a condition.
 *
 * A claim does less than a condition would (tests/model):
 *
 *	whoever finds one of another record takes another name, also where the
 *	content would turn out to be the same;
 *	it stays, an empty object, if its record's source is gone before the next
 *	one comes;
 *	a Complete that comes when another worker has completed for the same
 *	record already, the copy was taken away from its key, and an object of
 *	another record has come there, overwrites that.
 *
 * Memory is that of MULTIPART_JOBS requests and some 100 bytes for each part, and
 * the parts themselves if they go through us (piece.h).
 */
#ifndef S3EV_MULTIPART_H
#define S3EV_MULTIPART_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "http/slice.h"
#include "place/piece.h"
#include "place/stale_upload.h"
#include "s3/s3.h"
#include "s3/s3_part.h"

enum { MULTIPART_JOBS = 8, MULTIPART_MARK = 33 };

struct multipart;

struct multipart_job {
	struct s3_call call;
	struct multipart *multipart;
	struct arena arena;
	struct s3_part part;
	struct slice slice;
	struct piece piece;
	bool busy;
};

struct multipart_done {
	struct str etag, checksum;
};

struct multipart {
	/* Set by the caller; all borrowed until done. */
	struct s3_work work;		/* of what is written */
	struct s3_work source;		/* of what is read, if it goes through us */
	struct pieces *pieces;		/* not NULL: it does */
	bool claims;			/* claim the key before completing */
	struct s3_object from;		/* to be copied, or */
	const struct slice *slice;	/* to be sent, if not NULL */
	unsigned long long size;	/* of the whole */
	unsigned long long part_size;	/* see multipart_part_size() */
	struct s3_object to;
	struct s3_content content;	/* type and headers */
	enum s3_overwrite overwrite;
	void (*done)(void *arg);	/* from the loop, never from the start */
	void *arg;

	/*
	 * The result is good when err.code is empty.  "NoSuchUpload" may mean
	 * that it was completed and the answer was lost: look.
	 */
	struct err err;
	struct str etag;		/* absent where the server tells none */
	struct str version;		/* of it, if the bucket keeps versions; after
					 * "NoSuchUpload" the one that S3 promised
					 * when the upload began, if it did */
	bool is_taken;			/* as in struct s3_call */
	char mark[MULTIPART_MARK];	/* x-amz-meta-s3ev-upload: no other
					 * upload has it */

	struct s3_call call;		/* private from here on */
	struct stale_upload stale;
	struct s3_part whole;
	struct multipart_job *jobs;
	struct multipart_done *parts;
	unsigned n_parts, n_begun, n_ended;
	struct str_pair claim_header;
	struct str promised;
	struct buf xml;
};

/*
 * The size for parts of so many bytes: the one that is wanted, or more, in
 * whole MiB, where that would make more than S3_PARTS_MAX of them.
 */
unsigned long long multipart_part_size(unsigned long long size,
				       unsigned long long wanted);

/* Is what a HEAD has seen no object, but the claim of somebody on its key? */
bool multipart_is_claim(const struct s3_call *seen);

void multipart_start(struct multipart *multipart);

/*
 * Stop; done is not called.  The upload is aborted as far as the loop still
 * turns.  Does nothing to what never started or is done.
 */
void multipart_cancel(struct multipart *multipart);

#endif
