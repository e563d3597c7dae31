/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqs_message: what SQS answers, taken apart, and what it is asked, put
 * together.  Pure.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
 */
#ifndef S3EV_SQS_MESSAGE_H
#define S3EV_SQS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "sqs/sqs_queue.h"

enum { SQS_BATCH = 10,			/* messages or entries in a call */
       SQS_WAIT_MAX = 20,		/* s */
       SQS_VISIBILITY_MAX = 43200,	/* s, in all since the receive */
       SQS_ANSWER_MAX = 64 << 20 };	/* ten of 1 MiB, all of it escaped */

struct sqs_message {
	struct str id, handle, body;
	struct str md5;			/* of the body, in hex; may be absent */
	struct str group;		/* MessageGroupId, or absent */
	unsigned long long receives;	/* ApproximateReceiveCount, at least 1 */
	struct str attributes;		/* JSON, or absent */
};

/* Is the body what it was when it was sent, as far as its MD5 tells? */
bool sqs_message_is_whole(const struct sqs_message *message);

/*
 * Call take for each message of a ReceiveMessage answer, in order; texts lie in
 * answer or arena.  -1 with err if it is no such answer; take may have been
 * called by then.
 */
int sqs_message_read(struct str answer, struct arena *arena,
		     void (*take)(void *ctx, const struct sqs_message *message),
		     void *ctx, struct err *err);

/*
 * Call take for each entry of a batch's answer, err NULL if it was successful.
 * Entries that are in neither list are not told.
 */
int sqs_message_read_batch(struct str answer, struct arena *arena,
			   void (*take)(void *ctx, struct str id,
					const struct err *err),
			   void *ctx, struct err *err);

/* Of GetQueueAttributes; absent if it is not there. */
struct sqs_attributes {
	struct str arn, redrive;
};
int sqs_message_read_attributes(struct str answer, struct arena *arena,
				struct sqs_attributes *attributes,
				struct err *err);

/* The receipt handle is good no more: the message is not ours. */
bool sqs_message_is_lost(const struct err *err);

/* No visibility beyond 12 h: the message cannot be kept any longer. */
bool sqs_message_is_spent(const struct err *err);

/* There is no such queue. */
bool sqs_message_is_nowhere(const struct err *err);

/* Bodies of calls, each a whole JSON object.  attempt may be absent. */
struct sqs_receive {
	unsigned max;			/* messages, 1 to SQS_BATCH */
	unsigned wait;			/* s */
	unsigned visibility;		/* s */
	struct str attempt;		/* ReceiveRequestAttemptId */
};
void sqs_message_put_receive(struct buf *out, const struct sqs_queue *queue,
			     const struct sqs_receive *receive);
void sqs_message_put_attributes(struct buf *out, const struct sqs_queue *queue);

/* Entry number i has the Id "i"; timeout is absent (-1) when it is to go. */
struct sqs_entry {
	struct str handle;
	long timeout;			/* s */
};
void sqs_message_put_batch(struct buf *out, const struct sqs_queue *queue,
			   const struct sqs_entry *entries, size_t n);

/*
 * Append the message as Lambda shows it to a function, one of Records.  Its
 * own attributes, beside the body, are not asked for.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
void sqs_message_put_record(struct buf *out, const struct sqs_message *message,
			    struct str arn, struct str region);

#endif
