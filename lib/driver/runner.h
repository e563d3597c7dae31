/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runner: one pipeline, which is given one event at a time.  A part of driver.
 *
 * A pipeline that is kept sends a mark after an event's records, which says that
 * the event is done.  With each, it is run anew for an event, and its end says
 * so.  A pipeline that ends, or is not done in time, is started again for what
 * comes next, and its temporary files are removed.
 *
 *	DOWN -- prove --> PROVING -- first mark --> IDLE -- give --> BUSY
 *	 ^                   | none comes            |        |  |    |
 *	 |                   v                       | ends   |  | mark: done,
 *	 +---- broken -- CLOSING                     v        |  v    IDLE
 *	 +<------------------------------------ down +        |
 *	 +<------------------ done, with err ---- ends, late -+
 *
 * give also starts what is DOWN.
 */
#ifndef S3EV_RUNNER_H
#define S3EV_RUNNER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"
#include "driver/pipeline.h"
#include "driver/results.h"
#include "event/event.h"
#include "io/loop.h"
#include "io/scratch.h"

enum runner_state { RUNNER_DOWN, RUNNER_PROVING, RUNNER_CLOSING, RUNNER_IDLE,
		    RUNNER_BUSY };

/* As in struct driver_job. */
struct runner_event {
	const struct event_invocation *invocation;
	struct str text;
	const struct str *messages;
	size_t n_messages;
};

struct runner {
	/* Set by the caller; borrowed. */
	struct loop *loop;
	char *const *command;
	bool each;
	unsigned number, of;		/* the first is 1, of so many side by side */
	unsigned long long margin;	/* ms before a deadline */
	unsigned long long start;	/* ms until the first mark */

	/*
	 * The first mark is back; it did not come, and err says what to do; a
	 * pipeline that had nothing to do has ended; an event is done (see err
	 * and results).  Called from the loop.
	 */
	void (*proved)(void *ctx);
	void (*broken)(void *ctx, const struct err *err);
	void (*down)(void *ctx);
	void (*done)(void *ctx);

	/* A record came back; a line came on stderr; a line is no record. */
	void (*record)(void *ctx, struct str line);
	void (*said)(void *ctx, struct str line);
	void (*odd)(void *ctx, const struct err *err);
	void *ctx;

	enum runner_state state;	/* read only */
	struct err err;			/* of the last event; set: not all came back */
	struct results *results;	/* of the last event */

	struct pipeline pipeline;	/* private from here on */
	struct scratch scratch;
	char instance[UUID_SIZE];	/* of all that are started here */
	struct loop_timer timer;
	bool marked, late;		/* its mark has come; its time is up */
	struct buf last_said;
};

/*
 * Make ready: what the caller sets is set, and the rest is zero.  prefix begins
 * the name of the directory that TMPDIR names for the pipeline.  S3EV_PIPELINE,
 * "2/4", and S3EV_INSTANCE are for metrics; see stat/identity.h.
 */
int runner_open(struct runner *runner, const struct results_options *options,
		const char *prefix, struct err *err);

/* Kill it and free everything. */
void runner_close(struct runner *runner);

/* Start the pipeline and see whether a mark comes back through it. */
void runner_prove(struct runner *runner);

/*
 * Give it an event; it is DOWN or IDLE.  Records carry a deadline that is margin
 * earlier than the invocation's, and the pipeline is killed half the margin
 * before that.
 */
void runner_give(struct runner *runner, const struct runner_event *event);

/* Kill the pipeline at this time instead, ms since 1970, unless it is done. */
void runner_until(struct runner *runner, unsigned long long time);

/* Let an idle pipeline end by itself. */
void runner_end(struct runner *runner);

#endif
