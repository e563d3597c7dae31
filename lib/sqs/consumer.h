/* SPDX-License-Identifier: Apache-2.0 */
/*
 * consumer: takes messages from a queue and tells the queue what became of them.
 *
 * What is known of the messages is in held.h; here are the calls.  There is one
 * long poll while the queue has little, and several short ones at once while it
 * gave as many as it was asked for.  No call asks for more than there is room
 * for, nor for more than one message of a FIFO queue that may bring one that has
 * failed, see held_singly().  What the queue refuses is asked again later and
 * later, and said once; a run of it is over when a call succeeds.
 */
#ifndef S3EV_CONSUMER_H
#define S3EV_CONSUMER_H

#include <stdbool.h>
#include <stddef.h>

#include "aws/aws.h"
#include "base/err.h"
#include "io/loop.h"
#include "sqs/held.h"
#include "sqs/sqs_queue.h"

enum { CONSUMER_POLLS = 4, CONSUMER_BATCHES = 4,
       CONSUMER_AGAIN_MAX_MS = 60000 };

struct consumer_options {
	const struct sqs_queue *queue;	/* borrowed */
	unsigned wait;			/* s, of a long poll */
	struct held_options held;	/* is_fifo and seed are set here */
};

/* Called from the loop. */
struct consumer_handler {
	/* The queue is there, as far as can be seen. */
	void (*found)(void *ctx);

	/* It is not, or not to be reached; what cannot be begun is not waited for
	 * if this returns true, which ends the work. */
	bool (*refused)(void *ctx, const struct err *err);

	/* A poll has ended: there may be messages.  The queue was empty for a
	 * whole poll, and nothing is held. */
	void (*polled)(void *ctx, bool was_empty);

	/* How long messages are ours has changed, or one is done with. */
	void (*moved)(void *ctx);

	/* A line for people. */
	void (*say)(void *ctx, const char *line);
};

struct consumer;

/* Borrows loop, aws, handler and ctx.  NULL with err. */
struct consumer *consumer_new(struct loop *loop, struct aws *aws,
			      const struct consumer_options *options,
			      const struct consumer_handler *handler, void *ctx,
			      struct err *err);

/* Cancels what is under way. */
void consumer_free(struct consumer *consumer);

/* Look at the queue; then found or refused. */
void consumer_start(struct consumer *consumer);

/*
 * Keep polling so that at most room messages wait here; 0: not now.  A call for
 * fewer than least is not worth it.
 */
void consumer_poll(struct consumer *consumer, size_t room, size_t least);

/* Did the last poll get as many as it asked for?  Then more are to be had. */
bool consumer_is_full(const struct consumer *consumer);

/* No new poll from here on; is one still running? */
void consumer_stop(struct consumer *consumer);
bool consumer_is_polling(const struct consumer *consumer);

/*
 * Tell the queue what is due; after each change of what is held.  With hurry
 * nothing waits for more of its kind.
 */
void consumer_tell(struct consumer *consumer, bool hurry);

struct held *consumer_held(struct consumer *consumer);

/* Calls, or entries of them, that were refused, also for lack of an answer. */
struct consumer_counts {
	unsigned long long receives, deletes, changes;
};
const struct consumer_counts *consumer_counts(const struct consumer *consumer);

/* The queue's ARN and region, for events. */
struct str consumer_arn(const struct consumer *consumer);
struct str consumer_region(const struct consumer *consumer);

#endif
