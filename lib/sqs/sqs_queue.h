/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqs_queue: what the URL of a queue says.  Pure; all is borrowed from the URL.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html
 */
#ifndef S3EV_SQS_QUEUE_H
#define S3EV_SQS_QUEUE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct sqs_queue {
	struct str url;
	struct str host;	/* "https://HOST[:PORT]", the front of url */
	struct str region;	/* absent if the host is not AWS's */
	struct str account;	/* absent if there is none */
	struct str name;
	bool is_fifo;		/* the name says so; a message's group does not,
				 * since those of standard queues have one too */
};

/*
 * Take apart .../ACCOUNT/NAME or .../NAME.  AWS's hosts are
 * sqs.REGION.amazonaws.com and its kin, REGION.queue.amazonaws.com and
 * queue.amazonaws.com.  -1 with "InvalidQueueUrl".
 */
int sqs_queue_read(struct sqs_queue *queue, struct str url, struct err *err);

/* Append the queue's ARN; region is used where the host does not tell it. */
void sqs_queue_put_arn(struct buf *out, const struct sqs_queue *queue,
		       struct str region);

#endif
