/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/driver.h"

#include <signal.h>
#include <stdlib.h>

#include "driver/runner.h"

static const char folder[] = "s3ev-rt.";

enum { AGAIN_MIN_MS = 1000 };

/* A pipeline, and the job that it works on. */
struct driver_slot {
	struct driver *driver;
	struct driver_job *job;
	struct runner runner;
	struct loop_timer timer;
	uint64_t wait;			/* ms before it is started again */
	uint64_t proved;		/* when it was, of the loop's clock */
	bool was_started;
};

struct driver {
	struct loop *loop;
	struct driver_options options;
	const struct driver_handler *handler;
	void *ctx;
	struct driver_counts counts;
	struct driver_slot *slots;
	unsigned n_slots, n_open;
	struct loop_timer timer;	/* for ready and ended */
	bool is_started, is_ending, is_closing;
};

static void on_record(void *ctx, struct str line)
{
	struct driver_slot *slot = ctx;

	const struct driver *driver = slot->driver;

	if (driver->handler->record)
		driver->handler->record(driver->ctx, slot->job, line);
}

static void on_said(void *ctx, struct str line)
{
	struct driver_slot *slot = ctx;

	const struct driver *driver = slot->driver;

	if (driver->handler->said)
		driver->handler->said(driver->ctx, slot->job, line);
}

static void on_odd(void *ctx, const struct err *err)
{
	struct driver_slot *slot = ctx;

	const struct driver *driver = slot->driver;

	if (driver->handler->odd)
		driver->handler->odd(driver->ctx, slot->job, err);
}

/* Can this one be given an event? */
static bool has_room(const struct driver_slot *slot)
{
	const struct driver *driver = slot->driver;

	if (slot->job || driver->is_ending || !driver->is_started)
		return false;
	return slot->runner.state == RUNNER_IDLE ||
	       (slot->runner.state == RUNNER_DOWN &&
		(driver->options.each ||
		 (driver->options.lazy && slot->was_started)));
}

static void tell_ready(void *arg)
{
	struct driver *driver = arg;

	if (driver->handler->ready)
		driver->handler->ready(driver->ctx);
}

static void tell_ended(void *arg)
{
	struct driver *driver = arg;

	if (driver->handler->ended)
		driver->handler->ended(driver->ctx);
}

static void end_if_none_runs(struct driver *driver)
{
	for (unsigned i = 0; i < driver->n_slots; i++)
		if (driver->slots[i].job || driver->slots[i].runner.pipeline.running)
			return;
	loop_timer_set(driver->loop, &driver->timer, 0, tell_ended, driver);
}

static void prove(void *arg)
{
	struct driver_slot *slot = arg;

	runner_prove(&slot->runner);
}

/* A pipeline does not run any more: what is next? */
static void settle(struct driver_slot *slot, uint64_t wait)
{
	struct driver *driver = slot->driver;

	if (driver->is_closing)
		return;
	if (driver->is_ending) {
		end_if_none_runs(driver);
		return;
	}
	if (driver->options.each || driver->options.lazy)
		return;
	driver->counts.restarts++;
	loop_timer_set(driver->loop, &slot->timer, wait, prove, slot);
}

static void on_proved(void *ctx)
{
	struct driver_slot *slot = ctx;
	struct driver *driver = slot->driver;

	slot->proved = loop_now(driver->loop);
	slot->was_started = true;
	if (driver->is_ending)
		runner_end(&slot->runner);
	else if (!driver->is_closing)
		tell_ready(driver);
}

/* Later each time. */
static uint64_t next_wait(struct driver_slot *slot)
{
	uint64_t wait = slot->wait;

	slot->wait = 2 * wait < DRIVER_AGAIN_MAX_MS ? 2 * wait :
						    DRIVER_AGAIN_MAX_MS;
	return wait;
}

static void on_broken(void *ctx, const struct err *err)
{
	struct driver_slot *slot = ctx;
	struct driver *driver = slot->driver;
	uint64_t wait = next_wait(slot);

	if (!driver->is_ending && !driver->is_closing &&
	    driver->handler->broken)
		driver->handler->broken(driver->ctx, err);
	settle(slot, wait);
}

/*
 * It ended by itself.  One that does so each time it has passed its first mark
 * would be started without a pause for ever.
 */
static void on_down(void *ctx)
{
	struct driver_slot *slot = ctx;
	bool lasted = loop_now(slot->driver->loop) - slot->proved >=
		      AGAIN_MIN_MS;

	if (lasted)
		slot->wait = AGAIN_MIN_MS;
	settle(slot, lasted ? 0 : next_wait(slot));
}

static void count(struct driver_counts *counts, const struct runner *runner)
{
	const struct results_counts *more = results_counts(runner->results);

	counts->events++;
	counts->failed += err_is_set(&runner->err);
	counts->records.records += more->records;
	counts->records.good += more->good;
	counts->records.bad += more->bad;
	counts->records.gone += more->gone;
	counts->records.failed += more->failed;
	counts->records.missing += more->missing;
}

/*
 * While done runs, this one has no room: the results are there until it returns.
 * A pipeline that died is replaced after that, so that the answer does not wait.
 */
static void on_done(void *ctx)
{
	struct driver_slot *slot = ctx;
	struct driver *driver = slot->driver;
	struct driver_job *job = slot->job;

	count(&driver->counts, &slot->runner);
	job->err = slot->runner.err;
	job->results = slot->runner.results;
	job->slot = NULL;
	if (!err_is_set(&job->err))
		slot->wait = AGAIN_MIN_MS;
	job->done(job->arg);
	slot->job = NULL;
	if (slot->runner.state == RUNNER_DOWN)
		settle(slot, 0);
	else if (driver->is_ending)
		runner_end(&slot->runner);
	if (has_room(slot))
		tell_ready(driver);
}

static int open_slot(struct driver *driver, struct driver_slot *slot,
		     struct err *err)
{
	slot->driver = driver;
	slot->wait = AGAIN_MIN_MS;
	slot->runner = (struct runner){
		.loop = driver->loop,
		.command = driver->options.command,
		.each = driver->options.each,
		.number = ++driver->n_open, .of = driver->n_slots,
		.margin = driver->options.margin,
		.start = driver->options.start,
		.proved = on_proved, .broken = on_broken, .down = on_down,
		.done = on_done, .record = on_record, .said = on_said,
		.odd = on_odd, .ctx = slot,
	};
	return runner_open(&slot->runner, &driver->options.results, folder,
			   err);
}

static int open_slots(struct driver *driver, struct err *err)
{
	struct sigaction action = { .sa_handler = SIG_IGN };

	sigaction(SIGPIPE, &action, NULL);
	scratch_sweep(folder);
	for (unsigned i = 0; i < driver->n_slots; i++)
		if (open_slot(driver, &driver->slots[i], err) < 0)
			return -1;
	return 0;
}

struct driver *driver_new(struct loop *loop,
			  const struct driver_options *options,
			  const struct driver_handler *handler, void *ctx,
			  struct err *err)
{
	struct driver *driver = calloc(1, sizeof(*driver));

	err_memory(err);
	if (!driver)
		return NULL;
	driver->loop = loop;
	driver->options = *options;
	driver->handler = handler;
	driver->ctx = ctx;
	driver->n_slots = options->pipelines > 0 ? options->pipelines : 1;
	driver->slots = calloc(driver->n_slots, sizeof(*driver->slots));
	if (driver->slots && open_slots(driver, err) == 0)
		return driver;
	driver_free(driver);
	return NULL;
}

void driver_free(struct driver *driver)
{
	if (!driver)
		return;
	driver->is_closing = true;
	for (unsigned i = 0; i < driver->n_open; i++) {
		loop_timer_stop(&driver->slots[i].timer);
		runner_close(&driver->slots[i].runner);
	}
	loop_timer_stop(&driver->timer);
	free(driver->slots);
	free(driver);
}

void driver_start(struct driver *driver)
{
	driver->is_started = true;
	if (driver->options.each)
		loop_timer_set(driver->loop, &driver->timer, 0, tell_ready,
			       driver);
	for (unsigned i = 0; i < driver->n_slots && !driver->options.each; i++)
		runner_prove(&driver->slots[i].runner);
}

unsigned driver_room(const struct driver *driver)
{
	unsigned room = 0;

	for (unsigned i = 0; i < driver->n_slots; i++)
		room += has_room(&driver->slots[i]);
	return room;
}

unsigned driver_size(const struct driver *driver)
{
	return driver->n_slots;
}

bool driver_is_healthy(const struct driver *driver)
{
	bool is_healthy = driver->options.each && driver->is_started;

	for (unsigned i = 0; i < driver->n_slots; i++)
		is_healthy |= driver->slots[i].runner.state == RUNNER_IDLE ||
			      driver->slots[i].runner.state == RUNNER_BUSY;
	return is_healthy;
}

void driver_give(struct driver *driver, struct driver_job *job)
{
	struct driver_slot *slot = driver->slots;

	while (!has_room(slot))
		slot++;
	slot->job = job;
	job->slot = slot;
	job->results = NULL;
	if (slot->runner.state == RUNNER_DOWN && !driver->options.each)
		driver->counts.restarts++;
	runner_give(&slot->runner, &(struct runner_event){
			.invocation = &job->invocation, .text = job->event,
			.messages = job->messages,
			.n_messages = job->n_messages });
}

void driver_until(struct driver_job *job, unsigned long long time)
{
	if (job->slot)
		runner_until(&job->slot->runner, time);
}

void driver_end(struct driver *driver)
{
	driver->is_ending = true;
	for (unsigned i = 0; i < driver->n_slots; i++) {
		loop_timer_stop(&driver->slots[i].timer);
		if (driver->slots[i].runner.state == RUNNER_IDLE)
			runner_end(&driver->slots[i].runner);
	}
	end_if_none_runs(driver);
}

const struct driver_counts *driver_counts(const struct driver *driver)
{
	return &driver->counts;
}
