/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver: the one core of lambda-rt, s3ev-sqs and s3ev-listen, which are its
 * mouths.
 *
 * A mouth takes events from somewhere, gives each to a pipeline that is kept
 * running, gets its records and the mark behind them back, and answers whoever
 * sent the event.  Several pipelines run side by side, each with one event at a
 * time, so two events never mix.  Nothing here blocks: all is called back from
 * the loop.
 *
 *	driver_new() -> driver_start() -> ready, once a pipeline has passed a mark
 *	ready: while driver_room() > 0: driver_give(job) -> record... -> job->done
 *	driver_end() -> ended, when no pipeline runs; driver_free()
 *
 * A pipeline that ends is replaced, and proved again by a mark before it counts
 * as room.  One that cannot be proved is started again later and later, up to
 * DRIVER_AGAIN_MAX_MS; broken is told each time.  One that ends within a second of
 * its proof, and has done nothing, waits as long.
 *
 * driver_new() makes the process ignore SIGPIPE.  TMPDIR, and S3EV_SCRATCH to say
 * that it is so, name a directory of the pipeline's own when one is started.
 * S3EV_PIPELINE and S3EV_INSTANCE say which of them it is (stat/identity.h).
 */
#ifndef S3EV_DRIVER_H
#define S3EV_DRIVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "driver/results.h"
#include "event/event.h"
#include "io/loop.h"

enum { DRIVER_PIPELINES_MAX = 64, DRIVER_AGAIN_MAX_MS = 60000,
       DRIVER_MARGIN_MS = 1000, DRIVER_START_MS = 8000,
       DRIVER_GRACE_MS = 25000 };

/* What the options of a mouth say; see driver_option.h. */
struct driver_options {
	char *const *command;		/* borrowed; NULL at the end */
	struct results_options results;	/* what counts as failed */
	bool each;			/* run it anew for each event: no marks */
	bool verbose;			/* for the mouth: log each record */
	unsigned pipelines;		/* side by side; 0 stands for 1 */
	unsigned long long margin;	/* ms, see driver_give() */
	unsigned long long start;	/* ms until the first mark */
	unsigned long long grace;	/* ms, for the mouth: to finish what is begun */

	/*
	 * Start the first pipeline with driver_start() and prove it; but replace
	 * one that has died only when the next event comes.  For Lambda, where
	 * we are frozen in between.
	 */
	bool lazy;
};

/* An event.  It lies in the mouth's memory until done is called. */
struct driver_job {
	/* Set by the mouth, the rest zero; borrowed until done. */
	struct event_invocation invocation;	/* its id is in the mark */
	struct str event;		/* one JSON value, whatever wraps it */

	/*
	 * The ids of the messages in it, in its order, where the mouth knows
	 * them; none: the event is read for them.  Borrowed by driver_give().
	 */
	const struct str *messages;
	size_t n_messages;

	void (*done)(void *arg);	/* once, from the loop */
	void *arg;

	/*
	 * When done is called: err is set unless it is known that all records
	 * came back, "InvalidJSON" if the event is none.  results says what
	 * became of it, in either case; borrowed until done returns.
	 */
	struct err err;
	const struct results *results;

	struct driver_slot *slot;	/* private: where it is worked on */
};

/*
 * What is told while it runs; a mouth leaves NULL what it does not care for.
 * job is NULL between two events.  Texts are borrowed for the call.
 */
struct driver_handler {
	/* There is more room than before; also after each job's done. */
	void (*ready)(void *ctx);

	/* A pipeline does not pass a mark; err says why, and what to do. */
	void (*broken)(void *ctx, const struct err *err);

	/* A record came back; a line came on stderr; a line is no record. */
	void (*record)(void *ctx, const struct driver_job *job,
		       struct str line);
	void (*said)(void *ctx, const struct driver_job *job, struct str line);
	void (*odd)(void *ctx, const struct driver_job *job,
		    const struct err *err);

	/* After driver_end(): no pipeline runs any more. */
	void (*ended)(void *ctx);
};

/* All since driver_new(). */
struct driver_counts {
	unsigned long long events;	/* that are done */
	unsigned long long failed;	/* of them, those with an err */
	unsigned long long restarts;	/* pipelines that were replaced */
	struct results_counts records;	/* of all events */
};

struct driver;

/* options are copied, handler and ctx borrowed.  NULL with err. */
struct driver *driver_new(struct loop *loop,
			  const struct driver_options *options,
			  const struct driver_handler *handler, void *ctx,
			  struct err *err);

/* Kill what runs, without a callback, and free all. */
void driver_free(struct driver *driver);

/*
 * Start the pipelines and prove them.  With each there is nothing to prove:
 * ready is called soon.
 */
void driver_start(struct driver *driver);

/* How many events can be given now; at most, when all pipelines are well. */
unsigned driver_room(const struct driver *driver);
unsigned driver_size(const struct driver *driver);

/* Has a pipeline that runs passed a mark? */
bool driver_is_healthy(const struct driver *driver);

/*
 * Give it an event; there is room.  If the invocation has a deadline, records
 * carry one that is margin earlier, and the pipeline is killed half the margin
 * before it, with the error "DeadlineExceeded".
 */
void driver_give(struct driver *driver, struct driver_job *job);

/*
 * Kill the job's pipeline at this time instead, ms since 1970, if the job is
 * not done by then.  May be called again; does nothing after done.
 */
void driver_until(struct driver_job *job, unsigned long long time);

/* Start no pipeline any more, and let those that are idle end by themselves. */
void driver_end(struct driver *driver);

const struct driver_counts *driver_counts(const struct driver *driver);

#endif
