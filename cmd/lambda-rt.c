/* SPDX-License-Identifier: Apache-2.0 */
/* lambda-rt: give the events of AWS Lambda to a pipeline, and answer them. */

#define _GNU_SOURCE /* getopt_long, setenv */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "reply.h"
#include "buf.h"
#include "emf.h"
#include "help.h"
#include "invoke.h"
#include "loop.h"
#include "runtime.h"

enum { MARGIN_MS = 1000, START_MS = 8000, MS_MAX = 900000,
       BODY_MAX = 8 << 20, EMF_MAX = 4 << 10 };

struct rt {
	struct reply_options options;
	bool metrics, verbose;

	struct invoke invoke;
	struct runtime *runtime;
	struct runtime_event event;	/* that is worked on */
};

static const char usage[] =
	"usage: lambda-rt [-ehVv] [-d done|fail] [-g done|fail] [-M yes|no] [-m MS]\n"
	"                 [-s MS] -- COMMAND [ARGUMENT...]\n"
	"\n"
	"  -d, --dropped WHAT  what a filter leaves out counts as: done, fail (fail)\n"
	"  -e, --each          run COMMAND anew for each event\n"
	"  -g, --gone WHAT     what is gone counts as: done, fail (done)\n"
	"  -M, --metrics WHAT  write CloudWatch's metrics: yes, no (yes on Lambda)\n"
	"  -m, --margin MS     be ready so long before the deadline (1000)\n"
	"  -s, --start MS      time for the pipeline to pass a first mark (8000)\n"
	"  -v, --verbose       log each record\n"
	"  -h, --help          this text\n"
	"  -V, --version       the version\n";

/* One line, in one piece, with the id of the request if there is one. */
static void say(struct rt *rt, FILE *to, const char *who, struct str text)
{
	struct buf line;

	buf_init(&line, 2 * PIPELINE_LINE_MAX);
	if (rt->event.id.p)
		buf_printf(&line, "RequestId: %.*s ", STR_FMT(rt->event.id));
	buf_puts(&line, who);
	buf_put_str(&line, text);
	buf_putc(&line, '\n');
	fwrite(line.p, 1, line.n, to);
	fflush(to);
	buf_free(&line);
}

static void report(void *ctx, const struct err *err)
{
	struct buf text;

	buf_init(&text, 4096);
	buf_printf(&text, "%s: %s", err->code, err->message);
	say(ctx, stderr, "lambda-rt: ", buf_str(&text));
	buf_free(&text);
}

static void on_record(void *ctx, struct str line)
{
	struct rt *rt = ctx;

	if (rt->verbose)
		say(rt, stdout, "", line);
}

static void on_said(void *ctx, struct str line)
{
	say(ctx, stderr, "", line);
}

static void put_metrics(struct rt *rt, uint64_t duration)
{
	const char *function = getenv("AWS_LAMBDA_FUNCTION_NAME");
	const struct emf emf = {
		.function = function ? function : "local",
		.request = rt->event.id,
		.time = (uint64_t)time(NULL) * 1000,
		.duration = duration,
		.counts = reply_counts(rt->invoke.reply),
	};
	struct buf line;

	buf_init(&line, EMF_MAX);
	emf_put(&line, &emf);
	fwrite(line.p, 1, line.n, stdout);
	fflush(stdout);
	buf_free(&line);
}

/* A pipeline that is run for one event hears of the trace as AWS's tools do. */
static void set_trace(struct str trace)
{
	struct buf text;

	buf_init(&text, 4096);
	buf_put_str(&text, trace);
	if (trace.p && buf_cstr(&text))
		setenv("_X_AMZN_TRACE_ID", buf_cstr(&text), 1);
	else
		unsetenv("_X_AMZN_TRACE_ID");
	buf_free(&text);
}

/* Returns 0 with the answer in body, or -1 when there is none. */
static int work(struct rt *rt, struct buf *body, struct err *err)
{
	const struct runtime_event *event = &rt->event;
	const struct event_invocation invocation = {
		.id = event->id, .trace = event->trace,
		.deadline = event->deadline,
	};
	struct reply *reply = rt->invoke.reply;
	int done, status;

	if (rt->invoke.each)
		set_trace(event->trace);
	if (reply_begin(reply, event->id, event->body, err) < 0)
		return -1;
	done = invoke_run(&rt->invoke, &invocation, event->body, err);
	reply_end(reply, done < 0 ? err : NULL);
	status = reply_put(body, reply, err);
	if (done < 0 && status == 0)
		report(rt, err);
	return status;
}

/* -1 when the service is not there any more. */
static int handle(struct rt *rt)
{
	uint64_t began = loop_now(rt->invoke.loop);
	struct buf body;
	struct err err;
	int status;

	buf_init(&body, BODY_MAX);
	status = work(rt, &body, &err);
	if (status < 0)
		report(rt, &err);
	if (rt->metrics)
		put_metrics(rt, loop_now(rt->invoke.loop) - began);
	if (status == 0)
		status = runtime_respond(rt->runtime, rt->event.id,
					 buf_str(&body), &err);
	else
		status = runtime_fail(rt->runtime, rt->event.id, &err, &err);
	buf_free(&body);
	if (status == 0)
		return 0;
	report(rt, &err);
	return err.status == 400 || err.status == 403 || err.status == 413 ?
		0 : -1;
}

static int serve(struct rt *rt)
{
	struct err err;

	if (!rt->invoke.each && invoke_try(&rt->invoke, &err) < 0) {
		report(rt, &err);
		if (runtime_fail_init(rt->runtime, &err, &err) < 0)
			report(rt, &err);
		return EX_CONFIG;
	}
	do {
		rt->event.id = STR_NONE;
		if (runtime_next(rt->runtime, &rt->event, &err) < 0) {
			report(rt, &err);
			break;
		}
	} while (handle(rt) == 0);
	return EX_UNAVAILABLE;
}

static int run(struct rt *rt)
{
	const char *host = getenv("AWS_LAMBDA_RUNTIME_API");
	struct err err;
	int status = EX_OSERR;

	if (!host) {
		err_set(&err, "NoRuntime", "AWS_LAMBDA_RUNTIME_API is not set");
		report(rt, &err);
		return EX_CONFIG;
	}
	rt->invoke.loop = loop_new();
	rt->invoke.reply = reply_new(&rt->options);
	err_set(&err, "OutOfMemory", "out of memory");
	if (rt->invoke.loop && rt->invoke.reply)
		rt->runtime = runtime_new(rt->invoke.loop, host, &err);
	if (rt->runtime && invoke_open(&rt->invoke, &err) == 0) {
		status = serve(rt);
		invoke_close(&rt->invoke);
	} else {
		report(rt, &err);
	}
	runtime_free(rt->runtime);
	reply_free(rt->invoke.reply);
	loop_free(rt->invoke.loop);
	return status;
}

static int wrong(const char *what, const char *arg)
{
	fprintf(stderr, "lambda-rt: %s: %s\n", what, arg);
	return EX_USAGE;
}

/* One of two words. */
static int choose(const char *arg, const char *no, const char *yes, bool *is)
{
	*is = strcmp(arg, yes) == 0;
	return *is || strcmp(arg, no) == 0 ? -1 :
		wrong("not one of the words for this", arg);
}

static int take_ms(const char *arg, unsigned long long *ms)
{
	return str_number(str_of(arg), ms) == 0 && *ms <= MS_MAX ? -1 :
		wrong("not a number of ms", arg);
}

/* -1 to go on, or the exit status. */
static int take(struct rt *rt, int option, const char *arg)
{
	switch (option) {
	case 'd':
		return choose(arg, "fail", "done", &rt->options.may_drop);
	case 'e':
		rt->invoke.each = true;
		return -1;
	case 'g':
		return choose(arg, "done", "fail", &rt->options.gone_fails);
	case 'M':
		return choose(arg, "no", "yes", &rt->metrics);
	case 'm':
		return take_ms(arg, &rt->invoke.margin);
	case 's':
		return take_ms(arg, &rt->invoke.start);
	case 'v':
		rt->verbose = true;
		return -1;
	case 'h':
		return help_print(usage);
	case 'V':
		return help_version("lambda-rt");
	default:
		return EX_USAGE;
	}
}

int main(int argc, char **argv)
{
	static const struct option words[] = {
		{ "dropped", required_argument, NULL, 'd' },
		{ "each", no_argument, NULL, 'e' },
		{ "gone", required_argument, NULL, 'g' },
		{ "help", no_argument, NULL, 'h' },
		{ "margin", required_argument, NULL, 'm' },
		{ "metrics", required_argument, NULL, 'M' },
		{ "start", required_argument, NULL, 's' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	struct rt rt = {
		.metrics = getenv("AWS_LAMBDA_FUNCTION_NAME") != NULL,
		.invoke = { .margin = MARGIN_MS, .start = START_MS,
			    .record = on_record, .said = on_said,
			    .odd = report, .ctx = &rt },
	};
	int c, status = -1;

	while (status < 0 &&
	       (c = getopt_long(argc, argv, "+d:eg:hM:m:s:vV", words, NULL)) != -1)
		status = take(&rt, c, optarg);
	if (status >= 0)
		return status;
	if (optind == argc)
		return wrong("no command", "see lambda-rt --help");
	rt.invoke.command = argv + optind;
	return run(&rt);
}
