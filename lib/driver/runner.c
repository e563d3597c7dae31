/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "base/clock.h"
#include "event/mark.h"

enum { DRAIN_MS = 1000 };	/* no longer, just to give better advice */

static void finish(void *arg);

static void on_line(void *ctx, struct str line)
{
	struct runner *run = ctx;
	struct err err;
	int what = results_line(run->results, line, &err);

	if (what < 0) {
		run->odd(run->ctx, &err);
	} else if (what == 0) {
		run->record(run->ctx, line);
	} else if (!run->marked) {
		run->marked = true;
		/*
		 * Not from in here: more lines may be at hand.  What is killed
		 * already is given no more: its end is awaited.
		 */
		if ((run->state == RUNNER_BUSY && !run->each && !run->late) ||
		    run->state == RUNNER_PROVING)
			loop_timer_set(run->loop, &run->timer, 0, finish, run);
	}
}

static void on_said(void *ctx, struct str line)
{
	struct runner *run = ctx;

	buf_reset(&run->last_said);
	buf_put_str(&run->last_said, line);
	run->said(run->ctx, line);
}

static void tell_end(struct runner *run, struct err *err)
{
	struct buf how;

	buf_init(&how, 256);
	pipeline_put_end(&how, &run->pipeline);
	err_set(err, "PipelineEnded", "the pipeline ended with %.*s%s%.*s",
		STR_FMT(buf_str(&how)), run->last_said.n > 0 ? ": " : "",
		STR_FMT(buf_str(&run->last_said)));
	buf_free(&how);
}

/* EX_TEMPFAIL is success too: each record is decided, or says that it failed. */
static bool is_success(int wait_status)
{
	return WIFEXITED(wait_status) &&
	       (WEXITSTATUS(wait_status) == EX_OK ||
		WEXITSTATUS(wait_status) == EX_TEMPFAIL);
}

/* A mark that comes back only when the input ends was held in a buffer. */
static void tell_no_mark(struct runner *run)
{
	struct err err;

	err_set(&err, "NoMark", run->marked ?
		"a filter of the pipeline holds lines back until its input "
		"ends: make it write each at once (jq --unbuffered, grep "
		"--line-buffered, sed -u), or use --each" :
		"a filter of the pipeline swallows marks: let it pass lines "
		"with a member mark (jq 'select(.mark or ...)'), see that "
		"s3ev-split has -m, or use --each");
	run->broken(run->ctx, &err);
}

static void prove_failed(struct runner *run)
{
	struct err err;

	run->state = RUNNER_DOWN;
	tell_end(run, &err);
	run->broken(run->ctx, &err);
}

/* The event is done: its mark has come, or its pipeline has ended. */
static void done(struct runner *run)
{
	bool is_good = !err_is_set(&run->err) &&
		(run->each ? !run->late && is_success(run->pipeline.wait_status) :
			     run->marked);

	loop_timer_stop(&run->timer);
	run->state = run->pipeline.running ? RUNNER_IDLE : RUNNER_DOWN;
	if (!is_good && !err_is_set(&run->err)) {
		if (run->late)
			err_set(&run->err, "DeadlineExceeded",
				"the pipeline was not done in time");
		else
			tell_end(run, &run->err);
	}
	results_end(run->results, is_good ? NULL : &run->err);
	run->done(run->ctx);
}

/* The mark has come, and what was said before it is heard first. */
static void finish(void *arg)
{
	struct runner *run = arg;

	pipeline_hear(&run->pipeline);
	if (run->state == RUNNER_BUSY) {
		done(run);
	} else if (run->state == RUNNER_PROVING) {
		run->state = RUNNER_IDLE;
		run->proved(run->ctx);
	}
}

static void on_ended(void *ctx)
{
	struct runner *run = ctx;
	enum runner_state state = run->state;

	loop_timer_stop(&run->timer);
	run->state = RUNNER_DOWN;
	switch (state) {
	case RUNNER_BUSY:
		done(run);
		break;
	case RUNNER_PROVING:
		prove_failed(run);
		break;
	case RUNNER_CLOSING:
		tell_no_mark(run);
		break;
	case RUNNER_IDLE:
	case RUNNER_DOWN:
		run->down(run->ctx);
		break;
	}
}

/* Kill it; its end is seen soon, and its last lines before that. */
static void on_late(void *arg)
{
	struct runner *run = arg;

	run->late = true;
	pipeline_hear(&run->pipeline);
	pipeline_kill(&run->pipeline);
}

static void on_no_mark(void *arg)
{
	struct runner *run = arg;

	run->state = RUNNER_CLOSING;
	pipeline_end_input(&run->pipeline);
	loop_timer_set(run->loop, &run->timer, DRAIN_MS, on_late, run);
}

/*
 * Each pipeline has a directory of its own: it is emptied when one is replaced.
 * The pipeline holds the lock of it, since it may outlive us if we are killed.
 * Whoever takes our place would remove the files that it is looking at.
 * That TMPDIR is such a one is what S3EV_SCRATCH says, so that the pipeline need
 * not make another.  Who takes the place of another counts in its name.
 */
static int set_environment(const struct runner *run)
{
	char number[32];

	snprintf(number, sizeof(number), "%u/%u", run->number, run->of);
	return setenv("TMPDIR", run->scratch.path, 1) < 0 ||
	       setenv("S3EV_SCRATCH", run->scratch.path, 1) < 0 ||
	       setenv("S3EV_PIPELINE", number, 1) < 0 ||
	       setenv("S3EV_INSTANCE", run->instance, 1) < 0 ? -1 : 0;
}

static int start(struct runner *run, struct err *err)
{
	if (run->pipeline.running)
		return 0;
	if (scratch_empty(&run->scratch, err) < 0)
		return -1;
	if (set_environment(run) < 0)
		return err_memory(err);
	run->pipeline.lock = run->scratch.lock;
	return pipeline_start(&run->pipeline, run->command, err);
}

static int begin(struct runner *run, const struct runner_event *event,
		 struct err *err)
{
	struct str id = event->invocation->id;

	return event->n_messages == 0 ?
		results_begin(run->results, id, event->text, err) :
		results_begin_messages(run->results, id, event->text,
				       event->messages, event->n_messages, err);
}

/* -1 if nothing was given to it. */
static int give(struct runner *run, const struct runner_event *event,
		struct err *err)
{
	run->marked = run->late = false;
	*err = (struct err){ .code = "" };
	buf_reset(&run->last_said);
	if (begin(run, event, err) < 0 || start(run, err) < 0)
		return -1;
	mark_ask(&run->pipeline.input.buf, event->invocation, event->text);
	if (pipeline_send(&run->pipeline) < 0) {
		/* What it was given is cut off: its end ends the event. */
		err_memory(err);
		pipeline_kill(&run->pipeline);
	}
	return 0;
}

int runner_open(struct runner *run, const struct results_options *options,
		const char *prefix, struct err *err)
{
	buf_init(&run->last_said, PIPELINE_LINE_MAX);
	uuid_make(run->instance);
	pipeline_init(&run->pipeline, run->loop);
	run->pipeline.line = on_line;
	run->pipeline.said = on_said;
	run->pipeline.ended = on_ended;
	run->pipeline.ctx = run;
	run->results = results_new(options);
	if (!run->results)
		return err_memory(err);
	return scratch_open(&run->scratch, prefix, err);
}

void runner_close(struct runner *run)
{
	loop_timer_stop(&run->timer);
	run->state = RUNNER_DOWN;
	pipeline_kill(&run->pipeline);
	while (run->pipeline.running && loop_turn(run->loop) == 0)
		;
	pipeline_free(&run->pipeline);
	scratch_close(&run->scratch);
	results_free(run->results);
	buf_free(&run->last_said);
}

static void on_broken_start(void *arg)
{
	struct runner *run = arg;

	run->state = RUNNER_DOWN;
	run->broken(run->ctx, &run->err);
}

void runner_prove(struct runner *run)
{
	static const struct event_invocation first = { .id = STR("start") };
	static const struct runner_event event = {
		.invocation = &first,
		.text = STR("{\"Event\":\"s3:TestEvent\"}"),
	};

	run->state = RUNNER_PROVING;
	if (give(run, &event, &run->err) < 0)
		loop_timer_set(run->loop, &run->timer, 0, on_broken_start, run);
	else
		loop_timer_set(run->loop, &run->timer, run->start, on_no_mark,
			       run);
}

/* The ms that are left until margin before the deadline. */
static uint64_t time_left(unsigned long long deadline, uint64_t margin)
{
	uint64_t left = clock_left(deadline);

	if (left == UINT64_MAX)
		return UINT64_MAX / 2;
	return left > margin ? left - margin : 0;
}

static void on_not_given(void *arg)
{
	done(arg);
}

void runner_give(struct runner *run, const struct runner_event *event)
{
	struct event_invocation early = *event->invocation;
	struct runner_event sooner = *event;

	run->state = RUNNER_BUSY;
	if (early.deadline > run->margin)
		early.deadline -= run->margin;
	sooner.invocation = &early;
	if (give(run, &sooner, &run->err) < 0) {
		loop_timer_set(run->loop, &run->timer, 0, on_not_given, run);
		return;
	}
	if (run->each)
		pipeline_end_input(&run->pipeline);
	loop_timer_set(run->loop, &run->timer,
		       time_left(event->invocation->deadline, run->margin / 2),
		       on_late, run);
}

void runner_until(struct runner *run, unsigned long long time)
{
	if (run->state == RUNNER_BUSY && !run->late && !run->marked &&
	    !err_is_set(&run->err))
		loop_timer_set(run->loop, &run->timer, clock_left(time),
			       on_late, run);
}

void runner_end(struct runner *run)
{
	pipeline_end_input(&run->pipeline);
}
