/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stale_upload: multipart uploads that nobody will complete.
 *
 * S3 keeps, and bills, their parts for ever.  A list of uploads tells key,
 * initiator and times, but nothing of what they are for, so the rule is: an
 * upload to the very key that we are about to write, by the same initiator as
 * ours, begun STALE_UPLOAD_AGE seconds before ours and without a new part for as
 * long, is what a killed process of ours has left, and is aborted.  A worker
 * that lives completes a part every few minutes at most, so its upload is left
 * alone; and one that had stood still for longer finds "NoSuchUpload" and
 * begins again: nothing is lost.  All times are the server's own.  What is never
 * written to again is the business of a lifecycle rule,
 * AbortIncompleteMultipartUpload.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpu-abort-incomplete-mpu-lifecycle-config.html
 */
#ifndef S3EV_STALE_UPLOAD_H
#define S3EV_STALE_UPLOAD_H

#include <stddef.h>
#include <time.h>

#include "aws/aws.h"
#include "base/arena.h"
#include "base/str.h"
#include "record/record.h"
#include "s3/s3.h"

enum { STALE_UPLOAD_AGE = 3600, STALE_UPLOAD_MAX = 16 };

struct stale_upload {
	/* Set by the caller; all borrowed until done. */
	struct s3_work work;
	struct s3_object to;
	struct str upload;		/* our own, just begun */
	void (*done)(void *arg);	/* from the loop; nothing failed */
	void *arg;

	struct s3_call call;		/* private from here on */
	struct str found[STALE_UPLOAD_MAX];	/* ids of uploads */
	size_t n_found, at;
	time_t old;			/* what is not newer is a stale one's */
	time_t newest;			/* part of the one we are at */
};

/* Look for stale uploads and abort them; where that is not allowed, leave them. */
void stale_upload_start(struct stale_upload *stale);

/* Stop; done is not called. */
void stale_upload_cancel(struct stale_upload *stale);

/*
 * Abort an upload that nobody waits for any more, while the loop turns, and
 * for AWS_LINGER_MS in aws_free().  All text is copied but options and their
 * text.
 */
void stale_upload_leave(struct aws *aws, const struct s3_options *options,
		  const struct s3_object *to, struct str upload);

#endif
