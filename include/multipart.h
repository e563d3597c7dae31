/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multipart: write one object in parts, several at once.
 *
 * The bytes come from a file or from an object, which each part is pinned to.
 * Each part is tried again on its own; if one fails in the end, those under way
 * are waited for and the upload is aborted, so that nothing of it stays behind.  The
 * same is attempted when it is cancelled.  What a killed process has left is
 * aborted by the next that writes to the same key, see orphan.h.
 *
 * Memory is that of MULTIPART_JOBS requests and some 100 bytes for each part.
 */
#ifndef S3EV_MULTIPART_H
#define S3EV_MULTIPART_H

#include <stdbool.h>

#include "arena.h"
#include "aws.h"
#include "buf.h"
#include "err.h"
#include "orphan.h"
#include "record.h"
#include "s3.h"
#include "s3_part.h"
#include "slice.h"
#include "str.h"

enum { MULTIPART_JOBS = 8 };

struct multipart;

struct multipart_job {
	struct s3_call call;
	struct multipart *multipart;
	struct arena arena;
	struct s3_part part;
	struct slice slice;
	bool busy;
};

struct multipart_done {
	struct str etag, checksum;
};

struct multipart {
	/* Set by the caller; all borrowed until done. */
	struct aws *aws;
	struct arena *arena;
	const struct record *record;	/* whose deadline holds */
	const struct s3_options *options;
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
	bool is_taken;			/* as in struct s3_call */

	struct s3_call call;		/* private from here on */
	struct orphan orphan;
	struct s3_part whole;
	struct multipart_job *jobs;
	struct multipart_done *parts;
	unsigned n_parts, n_begun, n_ended;
	struct buf xml;
};

/*
 * The size for parts of so many bytes: the one that is wanted, or more, in
 * whole MiB, where that would make more than S3_PARTS_MAX of them.
 */
unsigned long long multipart_part_size(unsigned long long size,
				       unsigned long long wanted);

void multipart_start(struct multipart *multipart);

/*
 * Stop; done is not called.  The upload is aborted as far as the loop still
 * turns.  Does nothing to what never started or is done.
 */
void multipart_cancel(struct multipart *multipart);

#endif
