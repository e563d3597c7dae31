/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invoke: events given to a pipeline that is kept running between them, or run
 * anew for each.
 *
 * A pipeline that is kept tells by the mark behind an event's records that it
 * is done with it.  One that ends, or is not done in time, is replaced for the
 * next event; what it left of temporary files goes with it.
 */
#ifndef S3EV_INVOKE_H
#define S3EV_INVOKE_H

#include <stdbool.h>
#include <stdint.h>

#include "reply.h"
#include "buf.h"
#include "err.h"
#include "event.h"
#include "loop.h"
#include "pipeline.h"
#include "scratch.h"
#include "str.h"

struct invoke {
	/* Set by the caller; borrowed. */
	char *const *command;
	bool each;			/* run it anew for each event */
	unsigned long long margin;	/* ms before a deadline */
	unsigned long long start;	/* ms until the first mark */
	struct reply *reply;		/* gets what comes back */
	struct loop *loop;

	/* A record came back; the pipeline said a line on its stderr; it wrote
	 * what is no record. */
	void (*record)(void *ctx, struct str line);
	void (*said)(void *ctx, struct str line);
	void (*odd)(void *ctx, const struct err *err);
	void *ctx;

	struct pipeline pipeline;	/* private from here on */
	struct scratch scratch;
	struct loop_timer timer;
	bool marked, late;		/* its mark has come; its time is up */
	struct buf last_said;
};

/*
 * Make ready, with a directory of its own that TMPDIR names from here on;
 * SIGPIPE is ignored.  The members of the first part are kept.
 */
int invoke_open(struct invoke *invoke, struct err *err);
void invoke_close(struct invoke *invoke);

/*
 * Start the pipeline and see whether a mark comes back through it, before
 * there is an event: -1 with advice if none does.  Begins an answer.
 */
int invoke_try(struct invoke *invoke, struct err *err);

/*
 * Give it an event and wait for all that comes of it, or until half of the
 * margin before the deadline; its records know of a deadline that is the whole
 * margin earlier.  The answer must have begun.  -1 when it cannot be known that
 * all came back.
 */
int invoke_run(struct invoke *invoke, const struct event_invocation *invocation,
	       struct str event, struct err *err);

#endif
