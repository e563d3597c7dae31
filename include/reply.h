/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply: what a function on Lambda answers to whoever invoked it, made of the
 * event and the records that came of it.  Pure: nothing is sent here.
 *
 * A queue wants to know which of its messages failed, S3 Batch Operations what
 * became of each task, all others only whether it went well.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html
 */
#ifndef S3EV_REPLY_H
#define S3EV_REPLY_H

#include <stdbool.h>

#include "buf.h"
#include "err.h"
#include "str.h"

struct reply_options {
	bool gone_fails;	/* gone counts as failed */
	bool may_drop;		/* what a filter leaves out counts as done */
};

struct reply_counts {
	unsigned long long records;	/* that came back */
	unsigned long long good, bad, gone;
	unsigned long long failed;	/* with those that did not come back */
	unsigned long long missing;	/* did not come back, as far as known */
};

struct reply;

/* NULL if memory is out. */
struct reply *reply_new(const struct reply_options *options);
void reply_free(struct reply *reply);

/*
 * An invocation begins; what was known of another is forgotten.  Returns -1
 * when the event is no JSON: there is no answer then but an error.
 */
int reply_begin(struct reply *reply, struct str id, struct str event,
		 struct err *err);

/*
 * A line that came back.  Returns 1 if it is the mark of this invocation, 0 if
 * it is a record or another's mark, -1 with err if it is neither.
 */
int reply_line(struct reply *reply, struct str line, struct err *err);

/*
 * No more will come: the mark has, or why tells what happened instead.  What
 * is missing then counts as failed.
 */
void reply_end(struct reply *reply, const struct err *why);

/* After reply_end(). */
const struct reply_counts *reply_counts(const struct reply *reply);

/*
 * Append the answer: JSON in exactly the form that is wanted.  Returns 0, or -1
 * if there is none: the invocation is to fail, for the reason in err.
 */
int reply_put(struct buf *out, const struct reply *reply, struct err *err);

#endif
