/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "deadline.h"
#include "mark.h"

static const char folder[] = "s3ev-rt.";

enum { DRAIN_MS = 1000 };	/* more is not worth it for an advice */

static void on_line(void *ctx, struct str line)
{
	struct invoke *run = ctx;
	struct err err;
	int what = reply_line(run->reply, line, &err);

	if (what > 0)
		run->marked = true;
	else if (what < 0)
		run->odd(run->ctx, &err);
	else
		run->record(run->ctx, line);
}

static void on_said(void *ctx, struct str line)
{
	struct invoke *run = ctx;

	buf_reset(&run->last_said);
	buf_put_str(&run->last_said, line);
	run->said(run->ctx, line);
}

static void on_late(void *arg)
{
	struct invoke *run = arg;

	run->late = true;
}

static int start(struct invoke *run, struct err *err)
{
	if (run->pipeline.running)
		return 0;
	if (scratch_empty(&run->scratch, err) < 0)
		return -1;
	return pipeline_start(&run->pipeline, run->command, err);
}

static int give(struct invoke *run, const struct event_invocation *invocation,
		struct str event)
{
	mark_ask(&run->pipeline.input.buf, invocation, event);
	if (pipeline_send(&run->pipeline) < 0)
		return -1;
	if (run->each)
		pipeline_end_input(&run->pipeline);
	return 0;
}

/* Until the mark is back, or the pipeline at its end, or ms have passed. */
static void await(struct invoke *run, uint64_t ms)
{
	run->late = false;
	loop_timer_set(run->loop, &run->timer, ms, on_late, run);
	while (run->pipeline.running && !run->late && (run->each || !run->marked))
		if (loop_turn(run->loop) < 0)
			run->late = true;
	loop_timer_stop(&run->timer);
	pipeline_hear(&run->pipeline);
}

static void stop(struct invoke *run)
{
	pipeline_kill(&run->pipeline);
	while (run->pipeline.running && loop_turn(run->loop) == 0)
		;
}

static int ended(struct invoke *run, struct err *err)
{
	struct buf how;

	buf_init(&how, 256);
	pipeline_put_end(&how, &run->pipeline);
	err_set(err, "PipelineEnded", "the pipeline ended with %.*s%s%.*s",
		STR_FMT(buf_str(&how)), run->last_said.n > 0 ? ": " : "",
		STR_FMT(buf_str(&run->last_said)));
	buf_free(&how);
	return -1;
}

int invoke_open(struct invoke *run, struct err *err)
{
	struct sigaction action = { .sa_handler = SIG_IGN };

	buf_init(&run->last_said, PIPELINE_LINE_MAX);
	pipeline_init(&run->pipeline, run->loop);
	run->pipeline.line = on_line;
	run->pipeline.said = on_said;
	run->pipeline.ctx = run;
	run->timer = (struct loop_timer){ .next = NULL };
	sigaction(SIGPIPE, &action, NULL);
	scratch_sweep(folder);
	if (scratch_open(&run->scratch, folder, err) < 0)
		return -1;
	if (setenv("TMPDIR", run->scratch.path, 1) == 0)
		return 0;
	scratch_close(&run->scratch);
	return err_set(err, "OutOfMemory", "out of memory");
}

void invoke_close(struct invoke *run)
{
	stop(run);
	pipeline_free(&run->pipeline);
	scratch_close(&run->scratch);
	buf_free(&run->last_said);
}

/* A mark that comes only when the input ends was waiting for a full buffer. */
int invoke_try(struct invoke *run, struct err *err)
{
	static const struct event_invocation first = { .id = STR("start") };

	run->marked = false;
	if (reply_begin(run->reply, first.id, STR("{}"), err) < 0 ||
	    start(run, err) < 0 ||
	    give(run, &first, STR("{\"Event\":\"s3:TestEvent\"}")) < 0)
		return -1;
	await(run, run->start);
	if (run->marked)
		return 0;
	if (!run->pipeline.running)
		return ended(run, err);
	pipeline_end_input(&run->pipeline);
	await(run, DRAIN_MS);
	stop(run);
	return err_set(err, "NoMark", run->marked ?
		"a filter of the pipeline holds lines back until its input "
		"ends: make it write each at once (jq --unbuffered, grep "
		"--line-buffered, sed -u), or use --each" :
		"a filter of the pipeline swallows marks: let it pass lines "
		"with a member mark (jq 'select(.mark or ...)'), see that "
		"s3ev-split has -m, or use --each");
}

/* The time in ms that is left until so much before the deadline. */
static uint64_t time_left(unsigned long long deadline, uint64_t margin)
{
	uint64_t left = deadline_left(deadline);

	if (left == UINT64_MAX)
		return UINT64_MAX / 2;
	return left > margin ? left - margin : 0;
}

/* A decision about each record is success, and so is asking for some again. */
static bool is_success(int wait_status)
{
	return WIFEXITED(wait_status) &&
	       (WEXITSTATUS(wait_status) == EX_OK ||
		WEXITSTATUS(wait_status) == EX_TEMPFAIL);
}

int invoke_run(struct invoke *run, const struct event_invocation *invocation,
	       struct str event, struct err *err)
{
	struct event_invocation early = *invocation;

	run->marked = false;
	buf_reset(&run->last_said);
	if (early.deadline > run->margin)
		early.deadline -= run->margin;
	if (start(run, err) < 0)
		return -1;
	if (give(run, &early, event) < 0)
		return err_set(err, "OutOfMemory", "out of memory");
	await(run, time_left(invocation->deadline, run->margin / 2));
	if (run->marked && !run->each)
		return 0;
	if (run->pipeline.running) {
		stop(run);
		return err_set(err, "DeadlineExceeded",
			       "the pipeline was not done in time");
	}
	if (run->each && is_success(run->pipeline.wait_status))
		return 0;
	return ended(run, err);
}
