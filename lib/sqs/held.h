/* SPDX-License-Identifier: Apache-2.0 */
/*
 * held: the messages of a queue that are ours for a while, and what the queue
 * has to be told about each.  Pure: nothing is sent here, and the time is an
 * argument, in ms of any clock that only goes forward.
 *
 *	            take                give                finish
 *	(the queue) ----> WAITING ------------> WORKING ----------> DONE ---> delete
 *	                   |  ^ |                  |   `----------> BACK ---> give back
 *	   not ours: forget|  | `- renew           `- renew
 *	                   v  take again: the newer handle, nothing is begun twice
 *
 * A message is ours until its visibility ends, which is renewed when half of it
 * has passed since the receipt, 12 hours in all.  What is not ours any more is
 * not begun; what is worked on then goes on only as long as another message of
 * its event is ours (held_until()).
 *
 * What is deleted was done: all its records were decided.  Which ids were done
 * is remembered (known_ids.h), since the deletion of one may be lost, and a
 * standard queue may bring a deleted message again.  Such a message is deleted at
 * once, with its new handle.
 *
 * In a FIFO queue nothing is begun while an earlier message of its group is
 * worked on elsewhere.  What failed, or is not ours any more before it is begun,
 * goes back together with all of its group that is behind it; it comes again, in
 * order, and is new then.  What is done is deleted in order.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
 */
#ifndef S3EV_HELD_H
#define S3EV_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "sqs/sqs_message.h"

enum { HELD_BACKOFF_MAX = 900,		/* s */
       HELD_EVENT_MAX = 16 << 20 };	/* bytes, above which no message is added */

struct held_options {
	unsigned visibility;		/* s */
	unsigned backoff;		/* s, doubled with each receive; 0: none */
	bool is_fifo;
	uint64_t seed;			/* of the jitter */
};

struct held;
struct held_message;

/* NULL if memory is out. */
struct held *held_new(const struct held_options *options);
void held_free(struct held *held);

/* What a message that was received is to us. */
enum held_taken {
	HELD_NEW,		/* it waits to be given */
	HELD_AGAIN,		/* it is here already: its newer handle was taken */
	HELD_DONE_BEFORE,	/* it was done: it will be deleted */
	HELD_DAMAGED,		/* its MD5 is not that of its body: it goes back */
	HELD_NOT_TAKEN		/* memory is out, or it has no id or handle */
};
enum held_taken held_take(struct held *held, const struct sqs_message *message,
			  uint64_t now);

/* How many wait and could be given now; and how many are not done with at all. */
size_t held_waiting(const struct held *held);
size_t held_count(const struct held *held);

/*
 * Since held_new(): messages by what they were when they were received, and by
 * what ended it.  What was lost was not ours any more before that could be said.
 */
struct held_counts {
	unsigned long long received[HELD_NOT_TAKEN + 1];
	unsigned long long deleted, given_back, lost;
};
const struct held_counts *held_counts(const struct held *held);

/*
 * Give up to max messages to a job, in the order in which they came, and append
 * the event that has them, as Lambda shows it.  Returns how many; 0: none.
 */
size_t held_give(struct held *held, const void *job, size_t max,
		 struct str arn, struct str region, struct buf *event);

/* The ids of what was given, in the order of the event, borrowed until held_finish(). */
void held_ids(const struct held *held, const void *job, struct str *ids);

/*
 * Until when is one of the job's messages ours at least?  It moves when a
 * message is renewed, received again or lost; 0: none is ours.
 */
uint64_t held_until(const struct held *held, const void *job);

/* The time at which the first of them is ours no more, however often renewed. */
uint64_t held_end(const struct held *held, const void *job);

/*
 * The job is finished.  failed says for each message, in the order of the event,
 * whether it has to come again; at_once, that it may do so without a delay,
 * since we are at fault; is_shared, that it may be another's fault, such as that
 * of one which kills its pipeline.  Then each that failed is given alone when it
 * comes again, so that it does not die of its neighbour.  Returns how many have
 * to, with those that are behind one.
 */
struct held_verdict {
	bool (*failed)(void *ctx, size_t i);
	void *ctx;
	bool at_once, is_shared;
};
size_t held_finish(struct held *held, const void *job,
		   const struct held_verdict *verdict, uint64_t now);

/*
 * When may one of a FIFO queue that failed be received again?  From then on, until
 * it or another of its group is, a call should take one message: what is behind
 * it is not received with it then, and does not use up what it may be received
 * before it is a dead letter.  UINT64_MAX: never.
 */
uint64_t held_singly(struct held *held, uint64_t now);

/* From here on nothing is begun any more: what waits goes back at once. */
void held_leave(struct held *held, uint64_t now);

/* What the queue is told in one call. */
struct held_batch {
	bool is_delete;			/* else the visibility is changed */
	size_t n;
	struct sqs_entry entries[SQS_BATCH];

	struct held_message *messages[SQS_BATCH];	/* private from here on */
	unsigned receipts[SQS_BATCH];	/* which handle it was */
	bool renewal[SQS_BATCH];
	bool answered[SQS_BATCH];
	uint64_t begun;
};

/*
 * Fill batch with what is due.  Deletions and what goes back wait HELD_FLUSH_MS
 * for others, unless hurry is set.  Its handles are borrowed until
 * held_batch_end().  Returns false if nothing is due.
 */
enum { HELD_FLUSH_MS = 500 };
bool held_batch(struct held *held, struct held_batch *batch, bool hurry,
		uint64_t now);

/*
 * Entry i was successful (err NULL) or why not.  Returns true if err is worth
 * telling: it is no error that a message is not ours any more.
 */
bool held_answer(struct held *held, struct held_batch *batch, size_t i,
		 const struct err *err, uint64_t now);

/* The call is over: entries that were not answered are tried again. */
void held_batch_end(struct held *held, struct held_batch *batch, uint64_t now);

/*
 * Forget what waits and is ours no more.  Returns when to call this and
 * held_batch() again; UINT64_MAX: when something has happened.
 */
uint64_t held_due(struct held *held, uint64_t now);

#endif
