/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lambda-rt: give the events of AWS Lambda to a pipeline, and answer them.
 *
 * One event at a time: get it from the runtime API, write it to the pipeline,
 * read the pipeline's records up to a mark, make the answer from them, send it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/buf.h"
#include "driver/driver.h"
#include "driver/driver_option.h"
#include "driver/pipeline.h"
#include "filter/command_line.h"
#include "filter/say.h"
#include "filter/show.h"
#include "io/loop.h"
#include "io/sandbox.h"
#include "lambda/lambda_metrics.h"
#include "lambda/reply.h"
#include "lambda/runtime_api.h"

enum { BODY_MAX = 8 << 20 };

struct rt {
	struct driver_options options;
	bool metrics;

	struct loop *loop;
	struct driver *driver;
	struct buf body;		/* of the answer */
	struct err err;			/* or why there is none */
	int status;			/* of either; 1 while there is neither */
	struct runtime_api *runtime;
	struct runtime_api_event event;	/* the one being worked on */
	struct driver_job job;
	uint64_t began;
};

static const char usage[] =
	"lambda-rt: run a pipeline of filters as an AWS Lambda function\n"
	"usage: lambda-rt [-ehVv] [-d done|fail] [-g done|fail] [-M yes|no] [-m MS]\n"
	"                 [-s MS] -- COMMAND [ARGUMENT...]\n"
	"\n"
	DRIVER_OPTION_USAGE
	"  -M, --metrics WHAT  log CloudWatch metrics: yes or no (yes on Lambda)\n"
	COMMAND_LINE_USAGE;

static void put_id(struct buf *line, const struct rt *rt)
{
	if (rt->event.id.p)
		buf_printf(line, "RequestId: %.*s ", STR_FMT(rt->event.id));
}

/* Say one line, with the request's id if there is one. */
static void say(const struct rt *rt, const char *who, struct str text)
{
	struct buf line;

	buf_init(&line, 2 * PIPELINE_LINE_MAX);
	put_id(&line, rt);
	buf_puts(&line, who);
	buf_put_str(&line, text);
	say_line(NULL, buf_str(&line));
	buf_free(&line);
}

static void report(void *ctx, const struct err *err)
{
	struct buf text;

	buf_init(&text, 4096);
	buf_printf(&text, "%s: %s", err->code, err->message);
	say(ctx, "lambda-rt: ", buf_str(&text));
	buf_free(&text);
}

static void on_record(void *ctx, const struct driver_job *job,
		      struct str record)
{
	struct rt *rt = ctx;
	struct buf prefix;

	(void)job;
	if (!rt->options.verbose)
		return;
	buf_init(&prefix, PIPELINE_LINE_MAX);
	put_id(&prefix, rt);
	show_record(buf_str(&prefix), record);
	buf_free(&prefix);
}

/*
 * What begins a line is ours even before the first event: CloudWatch makes
 * metrics of a line that begins with a brace, whoever wrote it.
 */
static void on_said(void *ctx, const struct driver_job *job, struct str line)
{
	struct rt *rt = ctx;

	(void)job;
	say(rt, rt->event.id.p ? "" : "pipeline: ", line);
}

static void on_odd(void *ctx, const struct driver_job *job,
		   const struct err *err)
{
	(void)job;
	report(ctx, err);
}

static void put_metrics(const struct rt *rt)
{
	const char *function = getenv("AWS_LAMBDA_FUNCTION_NAME");
	const struct lambda_metrics metrics = {
		.function = str_of(function ? function : "local"),
		.request = rt->event.id,
		.counts = results_counts(rt->job.results),
		.took = loop_now(rt->loop) - rt->began,
		.now = time(NULL),
	};
	struct buf line;

	buf_init(&line, LAMBDA_METRICS_MAX);
	lambda_metrics_put(&line, &metrics);
	show_line(&line);
	buf_free(&line);
}

/* Turn the loop until something is known. */
static void await(struct rt *rt)
{
	while (rt->status > 0)
		if (loop_turn(rt->loop) < 0)
			rt->status = err_errno(&rt->err, "poll");
}

/* The event is done, or never was one: make the answer. */
static void on_done(void *arg)
{
	struct rt *rt = arg;

	rt->status = reply_put(&rt->body, rt->job.results, &rt->err);
	if (rt->status == 0 && err_is_set(&rt->job.err))
		report(rt, &rt->job.err);
	if (rt->metrics)
		put_metrics(rt);
}

/* Run one event.  Returns 0 with the answer in body, or -1 if there is none. */
static int work(struct rt *rt)
{
	const struct runtime_api_event *event = &rt->event;

	rt->job = (struct driver_job){
		.invocation = { .id = event->id, .trace = event->trace,
				.deadline = event->deadline },
		.event = event->body, .done = on_done, .arg = rt,
	};
	if (rt->options.each)
		runtime_api_export_trace(event);
	rt->began = loop_now(rt->loop);
	rt->status = 1;
	driver_give(rt->driver, &rt->job);
	await(rt);
	return rt->status;
}

/* Run and answer one event.  Returns -1 if the runtime API is gone. */
static int handle(struct rt *rt)
{
	struct err err;
	int status;

	buf_init(&rt->body, BODY_MAX);
	if (work(rt) == 0) {
		status = runtime_api_respond(rt->runtime, rt->event.id,
					     buf_str(&rt->body), &err);
	} else {
		report(rt, &rt->err);
		status = runtime_api_fail(rt->runtime, rt->event.id, &rt->err,
					  &err);
	}
	buf_free(&rt->body);
	if (status == 0)
		return 0;
	report(rt, &err);
	return runtime_api_goes_on(&err) ? 0 : -1;
}

static void on_ready(void *ctx)
{
	struct rt *rt = ctx;

	if (!rt->job.done)
		rt->status = 0;
}

static void on_broken(void *ctx, const struct err *err)
{
	struct rt *rt = ctx;

	rt->err = *err;
	rt->status = -1;
}

/* A pipeline that cannot start is told before the first event comes. */
static int start(struct rt *rt)
{
	struct err err;

	rt->status = 1;
	driver_start(rt->driver);
	await(rt);
	if (rt->status == 0)
		return 0;
	report(rt, &rt->err);
	if (runtime_api_fail_init(rt->runtime, &rt->err, &err) < 0)
		report(rt, &err);
	return -1;
}

static int serve(struct rt *rt)
{
	struct err err;

	if (start(rt) < 0)
		return EX_CONFIG;
	do {
		rt->event.id = STR_NONE;
		if (runtime_api_next(rt->runtime, &rt->event, &err) < 0) {
			report(rt, &err);
			break;
		}
	} while (handle(rt) == 0);
	return EX_UNAVAILABLE;
}

/* What the pipeline's processors can be held in. */
static void tell_sandbox(struct rt *rt)
{
	char text[64];
	int version = sandbox_version();

	snprintf(text, sizeof(text), "sandbox: Landlock, version %d", version);
	if (rt->options.verbose)
		say(rt, "lambda-rt: ", version > 0 ? str_of(text) :
		    STR("no sandbox: this kernel has no Landlock"));
}

static int run(struct rt *rt)
{
	static const struct driver_handler handler = {
		.ready = on_ready, .broken = on_broken, .record = on_record,
		.said = on_said, .odd = on_odd,
	};
	const char *host = getenv("AWS_LAMBDA_RUNTIME_API");
	struct err err;
	int status = EX_OSERR;

	if (!host) {
		err_set(&err, "NoRuntime", "AWS_LAMBDA_RUNTIME_API is not set");
		report(rt, &err);
		return EX_CONFIG;
	}
	rt->loop = loop_new();
	err_memory(&err);
	if (rt->loop)
		rt->runtime = runtime_api_new(rt->loop, host, &err);
	tell_sandbox(rt);
	if (rt->runtime)
		rt->driver = driver_new(rt->loop, &rt->options, &handler, rt,
					&err);
	if (rt->driver)
		status = serve(rt);
	else
		report(rt, &err);
	driver_free(rt->driver);
	runtime_api_free(rt->runtime);
	loop_free(rt->loop);
	return status;
}

static const char *take(void *ctx, int option, const char *arg)
{
	struct rt *rt = ctx;

	if (option != 'M')
		return driver_option_take(&rt->options, option, arg);
	rt->metrics = strcmp(arg, "yes") == 0;
	return rt->metrics || strcmp(arg, "no") == 0 ? NULL :
						       "neither no nor yes";
}

int main(int argc, char **argv)
{
	static const struct option words[] = {
		DRIVER_OPTION_WORDS,
		{ "metrics", required_argument, NULL, 'M' },
		COMMAND_LINE_WORDS,
		{ NULL, 0, NULL, 0 }
	};
	struct rt rt = {
		.metrics = getenv("AWS_LAMBDA_FUNCTION_NAME") != NULL,
		.options = DRIVER_OPTIONS,
	};
	const struct command_line line = {
		.name = "lambda-rt", .usage = usage, .words = words,
		.letters = "+M:" DRIVER_OPTION_LETTERS COMMAND_LINE_LETTERS,
		.take = take, .ctx = &rt,
	};
	int status = command_line_read(&line, argc, argv, &rt.options.command);

	rt.options.lazy = true;
	return status >= 0 ? status : run(&rt);
}
