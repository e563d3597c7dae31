/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pump: from a queue to pipelines, and the answers back.
 *
 * As much is received as there is room for: a batch for each pipeline that is
 * free and, while the queue is full, one message for each record that is back
 * from those at work.  What waits becomes an event when a pipeline is free:
 * when a batch is together or, if the queue has no more, at once, and then in
 * parts, for all pipelines that are free.  When the event is done each of its
 * messages is: deleted, or given back.
 *
 * Nothing goes on for messages that are not ours any more, when no record has
 * come back for long, nor beyond the grace once it is stopped: then its pipeline
 * is killed, and what is not known to be done comes again.  Of a pipeline in
 * which one filter has died the others may wait for each other for ever.
 */
#ifndef S3EV_PUMP_H
#define S3EV_PUMP_H

#include <stdbool.h>
#include <stddef.h>

#include "aws/aws.h"
#include "base/err.h"
#include "base/str.h"
#include "driver/driver.h"
#include "io/loop.h"
#include "sqs/consumer.h"

enum { PUMP_BATCH_MAX = 10000,
       PUMP_LAST_MS = 5000 };	/* at the end, to say what is left to be said */

struct pump_options {
	struct driver_options driver;
	struct consumer_options consumer;
	unsigned long long batch;	/* messages in an event, at most */
	unsigned long long stall;	/* s without a record, after which a pipeline
					 * that has work is killed */
	bool drain;			/* end when the queue is empty */
};

/* Called from the loop. */
struct pump_handler {
	void (*proved)(void *ctx);	/* the first mark is back */
	void (*done)(void *ctx);	/* with an event: the counts have moved */

	/* So many messages of an event come again, and why; or why it failed. */
	void (*failed)(void *ctx, size_t n, size_t of, const struct err *why);

	/* Something is wrong; a line for people; of a pipeline's stderr; a record. */
	void (*wrong)(void *ctx, const struct err *err);
	void (*say)(void *ctx, const char *line);
	void (*said)(void *ctx, struct str line);
	void (*record)(void *ctx, struct str record);

	/*
	 * It is over, with an exit status: 0 after pump_stop() and pump_drain(),
	 * EX_UNAVAILABLE without a queue, EX_CONFIG if no first mark came.
	 */
	void (*over)(void *ctx, int status);
};

struct pump_counts {
	unsigned long long done, failed;	/* messages */
	size_t held, waiting;		/* now; those that wait are held, too */
	const struct held_counts *messages;	/* borrowed, these three */
	const struct consumer_counts *refused;
	const struct driver_counts *driver;
	bool is_healthy;		/* a pipeline passes marks */
};

struct pump;

/* Borrows loop, aws, handler and ctx; options are copied.  NULL with err. */
struct pump *pump_new(struct loop *loop, struct aws *aws,
		      const struct pump_options *options,
		      const struct pump_handler *handler, void *ctx,
		      struct err *err);

/* Kills what runs; what is held comes again when its visibility ends. */
void pump_free(struct pump *pump);

void pump_start(struct pump *pump);

/*
 * Take nothing more: let the poll that runs end, finish what is begun within
 * the grace, give the rest back.  The second time: give all back now.
 */
void pump_stop(struct pump *pump);

/* Has anything come in or back since the last call, or is nothing at work? */
bool pump_advances(struct pump *pump);

struct pump_counts pump_counts(const struct pump *pump);

#endif
