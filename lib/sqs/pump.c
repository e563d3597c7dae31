/* SPDX-License-Identifier: Apache-2.0 */
#include "sqs/pump.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/clock.h"
#include "http/retry.h"
#include "sqs/held.h"
#include "sqs/sqs_message.h"

enum { EVENT_MAX = 64 << 20, KEPT = 1 << 20,	/* bytes */
       POLL_MS = 500, MOVED_MS = 1000 };

/* An event that a pipeline works on. */
struct job {
	struct pump *pump;
	struct driver_job driver;	/* done is NULL: none */
	struct buf event;
	char id[24];
	size_t messages, back;		/* of it, and records that came back */
	unsigned long long until;	/* ms since 1970: the end of its time */
	uint64_t moved;			/* when a record came back, of the loop */
};

struct pump {
	struct loop *loop;
	struct pump_options options;
	const struct pump_handler *handler;
	void *ctx;
	struct driver *driver;
	struct consumer *consumer;
	struct held *held;
	struct loop_timer last, poll;
	struct job *jobs;		/* one for each pipeline */
	size_t n_jobs;
	unsigned long long events, done, failed;	/* and messages */
	unsigned long long grace_ends;	/* ms since 1970, once we are stopped */
	bool is_proved, has_polled, has_advanced;
	bool is_stopping, is_cut, is_poll_awaited, is_ending;
	int status;
};

/* A time of the loop's clock as ms since 1970; never 0. */
static unsigned long long since_1970(const struct pump *p, uint64_t time)
{
	uint64_t now = loop_now(p->loop);

	return time > now ? clock_now() + (time - now) : 1;
}

static unsigned long long least(unsigned long long a, unsigned long long b)
{
	return a < b ? a : b;
}

/*
 * Nothing goes on for messages that are not ours, nor when nothing moves, nor
 * beyond the grace.
 */
static void limit(struct pump *p, struct job *job)
{
	uint64_t stalled = job->moved + p->options.stall * 1000;
	unsigned long long until = least(job->until,
		since_1970(p, least(stalled, held_until(p->held, job))));

	if (p->grace_ends > 0)
		until = least(until, p->grace_ends);
	driver_until(&job->driver, p->is_cut ? 1 : until);
}

static void on_moved(void *ctx);
static void end_if_done(struct pump *p);

/* What is not known to be done is not done. */
static bool has_failed(void *ctx, size_t i)
{
	const struct job *job = ctx;
	const struct results_event *event = results_event(job->driver.results);

	return event->count != job->messages ||
	       results_unit_failed(job->driver.results, &event->units[i]);
}

static void tell_failures(const struct job *job, size_t n)
{
	const struct err *err = &job->driver.err;

	if (!err_is_set(err))
		err = results_why(job->driver.results);
	if (n > 0 || err_is_set(&job->driver.err))
		job->pump->handler->failed(job->pump->ctx, n, job->messages,
					   err);
}

static void on_done(void *arg)
{
	struct job *job = arg;
	struct pump *p = job->pump;
	const struct held_verdict verdict = {
		.failed = has_failed, .ctx = job,
		.at_once = err_is_set(&job->driver.err) &&
			(p->is_cut || (p->grace_ends > 0 &&
				       clock_now() >= p->grace_ends)),
		.is_shared = job->messages > 1 &&
			(err_is_set(&job->driver.err) ||
			 results_all_failed(job->driver.results)),
	};
	size_t failed = held_finish(p->held, job, &verdict, loop_now(p->loop));

	tell_failures(job, failed);
	p->failed += failed;
	p->done += job->messages - least(failed, job->messages);
	p->has_advanced = true;
	job->driver.done = NULL;
	buf_reset(&job->event);
	if (job->event.size > KEPT)
		buf_free(&job->event);
	p->handler->done(p->ctx);
	if (p->is_stopping)
		end_if_done(p);
	else
		consumer_tell(p->consumer, false);
}

static struct job *idle_job(struct pump *p)
{
	struct job *job = p->jobs;

	while (job->driver.done)
		job++;
	return job;
}

/*
 * A whole batch, while the queue has more.  Else each pipeline that is free gets
 * its part, so that none waits for another that has all; but not less than a
 * call brings.
 */
static size_t share(const struct pump *p)
{
	size_t idle = driver_room(p->driver);
	size_t part = (held_waiting(p->held) + idle - 1) / idle;

	if (part < SQS_BATCH)
		part = SQS_BATCH;
	return consumer_is_full(p->consumer) ? p->options.batch :
					       least(p->options.batch, part);
}

/* Make an event of what waits.  Returns false if nothing may be begun. */
static bool give(struct pump *p)
{
	struct job *job = idle_job(p);
	struct str *ids;

	job->back = 0;
	job->messages = held_give(p->held, job, share(p),
				  consumer_arn(p->consumer),
				  consumer_region(p->consumer), &job->event);
	if (job->messages == 0) {
		buf_reset(&job->event);
		return false;
	}
	ids = calloc(job->messages, sizeof(*ids));
	if (ids)
		held_ids(p->held, job, ids);
	snprintf(job->id, sizeof(job->id), "%llu", ++p->events);
	job->moved = loop_now(p->loop);
	job->until = since_1970(p, held_end(p->held, job));
	job->driver = (struct driver_job){
		.invocation = { .id = str_of(job->id),
				.deadline = job->until },
		.event = buf_str(&job->event), .done = on_done, .arg = job,
		.messages = ids, .n_messages = ids ? job->messages : 0,
	};
	job->until -= least(job->until, p->options.driver.margin / 2);
	driver_give(p->driver, &job->driver);
	free(ids);
	limit(p, job);
	return true;
}

/*
 * Room for a batch in each pipeline that is free.  While the queue is full, room
 * also comes with each record that is back from those that are at work.
 */
static size_t room(const struct pump *p)
{
	size_t n = driver_room(p->driver) * p->options.batch;

	for (size_t i = 0; i < p->n_jobs &&
	     consumer_is_full(p->consumer); i++)
		if (p->jobs[i].driver.done)
			n += least(p->jobs[i].back, p->jobs[i].messages);
	return n;
}

/* Whoever waits takes any; ahead of time only whole calls are worth it. */
static size_t least_poll(const struct pump *p)
{
	return driver_room(p->driver) > 0 ? 1 : least(SQS_BATCH,
						    p->options.batch);
}

/* Is an event worth waiting for more? */
static bool may_give(const struct pump *p)
{
	size_t waiting = held_waiting(p->held);

	return driver_room(p->driver) > 0 && waiting > 0 &&
	       (waiting >= p->options.batch ||
		!(consumer_is_full(p->consumer) &&
		  consumer_is_polling(p->consumer)));
}

static void turn(struct pump *p)
{
	if (p->is_stopping) {
		end_if_done(p);
		return;
	}
	do {
		consumer_poll(p->consumer, room(p), least_poll(p));
	} while (may_give(p) && give(p));
	consumer_tell(p->consumer, driver_room(p->driver) ==
		      driver_size(p->driver));
}

/* The end */

static void on_last(void *arg)
{
	struct pump *p = arg;

	p->handler->over(p->ctx, p->status);
}

static bool is_working(const struct pump *p)
{
	for (size_t i = 0; i < p->n_jobs; i++)
		if (p->jobs[i].driver.done)
			return true;
	return false;
}

static void on_poll_awaited(void *arg)
{
	struct pump *p = arg;

	p->is_poll_awaited = true;
	end_if_done(p);
}

/*
 * The poll that runs is let end, since what it takes when it is cut stays
 * invisible.  If there is no time for that, it gets a moment all the same: what
 * we have just given back may be what it takes.
 */
static bool may_leave_poll(struct pump *p)
{
	if (!consumer_is_polling(p->consumer) || p->is_poll_awaited)
		return true;
	if (p->is_cut)
		loop_timer_set(p->loop, &p->poll, POLL_MS, on_poll_awaited, p);
	return false;
}

static void end_if_done(struct pump *p)
{
	consumer_tell(p->consumer, true);
	if (p->is_ending || is_working(p) || held_count(p->held) > 0 ||
	    !may_leave_poll(p))
		return;
	p->is_ending = true;
	loop_timer_set(p->loop, &p->last, PUMP_LAST_MS, on_last, p);
	driver_end(p->driver);
}

static void on_grace_over(void *arg)
{
	struct pump *p = arg;

	p->is_cut = true;
	loop_timer_set(p->loop, &p->last, PUMP_LAST_MS, on_last, p);
	on_moved(p);
}

/* Take nothing more, and finish what is begun; the second time, do not. */
static void stop(struct pump *p, int status)
{
	unsigned long long grace = p->options.driver.grace;

	if (p->is_stopping) {
		on_grace_over(p);
		return;
	}
	p->is_stopping = true;
	p->status = status;
	p->grace_ends = clock_now() + grace;
	consumer_stop(p->consumer);
	held_leave(p->held, loop_now(p->loop));
	loop_timer_set(p->loop, &p->last, grace, on_grace_over, p);
	on_moved(p);
}

/* What the queue says */

static void on_moved(void *ctx)
{
	struct pump *p = ctx;

	for (size_t i = 0; i < p->n_jobs; i++)
		if (p->jobs[i].driver.done)
			limit(p, &p->jobs[i]);
	turn(p);
}

static void on_found(void *ctx)
{
	turn(ctx);
}

static void on_polled(void *ctx, bool was_empty)
{
	struct pump *p = ctx;

	p->has_polled = p->has_advanced = true;
	if (was_empty && p->options.drain && !p->is_stopping)
		stop(p, EX_OK);
	on_moved(p);
}

/* A queue that is not there at the start; with --drain, whatever will not pass. */
static bool on_refused(void *ctx, const struct err *err)
{
	struct pump *p = ctx;

	if (!(sqs_message_is_nowhere(err) && !p->has_polled) &&
	    !(p->options.drain && (err->status == 0 ||
			   retry_class(err) == RETRY_NEVER)))
		return false;
	p->handler->wrong(p->ctx, err);
	if (!p->is_stopping)
		stop(p, EX_UNAVAILABLE);
	return true;
}

/* What the pipelines say */

static void on_ready(void *ctx)
{
	struct pump *p = ctx;

	if (!p->is_proved)
		p->handler->proved(p->ctx);
	p->is_proved = true;
	turn(p);
}

static void on_broken(void *ctx, const struct err *err)
{
	struct pump *p = ctx;

	p->handler->wrong(p->ctx, err);
	if ((!p->is_proved || p->options.drain) && !p->is_stopping)
		stop(p, EX_CONFIG);
}

static void on_record(void *ctx, const struct driver_job *driver_job,
		      struct str record)
{
	struct pump *p = ctx;
	struct job *job = driver_job ? driver_job->arg : NULL;

	p->has_advanced = true;
	p->handler->record(p->ctx, record);
	if (job && loop_now(p->loop) - job->moved >= MOVED_MS) {
		job->moved = loop_now(p->loop);
		limit(p, job);
	}
	if (job && ++job->back % least(SQS_BATCH, p->options.batch) == 0 &&
	    consumer_is_full(p->consumer))
		turn(p);
}

static void on_said(void *ctx, const struct driver_job *job, struct str line)
{
	struct pump *p = ctx;

	(void)job;
	p->handler->said(p->ctx, line);
}

static void on_odd(void *ctx, const struct driver_job *job,
		   const struct err *err)
{
	struct pump *p = ctx;

	(void)job;
	p->handler->wrong(p->ctx, err);
}

static void on_ended(void *ctx)
{
	on_last(ctx);
}

static void on_say(void *ctx, const char *line)
{
	struct pump *p = ctx;

	p->handler->say(p->ctx, line);
}

static int open_parts(struct pump *p, struct aws *aws, struct err *err)
{
	static const struct driver_handler driver_handler = {
		.ready = on_ready, .broken = on_broken, .record = on_record,
		.said = on_said, .odd = on_odd, .ended = on_ended,
	};
	static const struct consumer_handler consumer_handler = {
		.found = on_found, .refused = on_refused,
		.polled = on_polled, .moved = on_moved, .say = on_say,
	};

	p->consumer = consumer_new(p->loop, aws, &p->options.consumer,
				   &consumer_handler, p, err);
	if (!p->consumer)
		return -1;
	p->held = consumer_held(p->consumer);
	p->driver = driver_new(p->loop, &p->options.driver, &driver_handler, p,
			       err);
	return p->driver ? 0 : -1;
}

struct pump *pump_new(struct loop *loop, struct aws *aws,
		      const struct pump_options *options,
		      const struct pump_handler *handler, void *ctx,
		      struct err *err)
{
	struct pump *p = calloc(1, sizeof(*p));

	err_memory(err);
	if (!p)
		return NULL;
	p->loop = loop;
	p->options = *options;
	p->handler = handler;
	p->ctx = ctx;
	p->jobs = calloc(options->driver.pipelines, sizeof(*p->jobs));
	if (p->jobs)
		p->n_jobs = options->driver.pipelines;
	for (size_t i = 0; i < p->n_jobs; i++) {
		p->jobs[i].pump = p;
		buf_init(&p->jobs[i].event, EVENT_MAX);
	}
	if (p->jobs && open_parts(p, aws, err) == 0)
		return p;
	pump_free(p);
	return NULL;
}

void pump_free(struct pump *p)
{
	if (!p)
		return;
	/* While pipelines are waited for, answers come and may set the timers. */
	driver_free(p->driver);
	consumer_free(p->consumer);
	loop_timer_stop(&p->last);
	loop_timer_stop(&p->poll);
	for (size_t i = 0; i < p->n_jobs; i++)
		buf_free(&p->jobs[i].event);
	free(p->jobs);
	free(p);
}

void pump_start(struct pump *p)
{
	driver_start(p->driver);
	consumer_start(p->consumer);
}

void pump_stop(struct pump *p)
{
	stop(p, EX_OK);
}

bool pump_advances(struct pump *p)
{
	bool advances = p->has_advanced || !is_working(p);

	p->has_advanced = false;
	return advances;
}

struct pump_counts pump_counts(const struct pump *p)
{
	return (struct pump_counts){
		.done = p->done, .failed = p->failed,
		.held = held_count(p->held),
		.waiting = held_waiting(p->held),
		.messages = held_counts(p->held),
		.refused = consumer_counts(p->consumer),
		.driver = driver_counts(p->driver),
		.is_healthy = driver_is_healthy(p->driver),
	};
}
