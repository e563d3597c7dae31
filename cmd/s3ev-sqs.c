/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3ev-sqs: give the messages of an SQS queue to pipelines, and delete those
 * whose records are all decided.
 *
 * A mouth of the driver.  What is received when, and who is told what, is in
 * lib/sqs: pump.h first, then held.h.  Here are the options, the lines that
 * people read, the signals and the service manager.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "aws/aws.h"
#include "base/diag.h"
#include "base/option_base.h"
#include "driver/driver_option.h"
#include "driver/notify.h"
#include "driver/stop.h"
#include "filter/command_line.h"
#include "filter/say.h"
#include "filter/show.h"
#include "sqs/pump.h"
#include "sqs/sqs_metrics.h"
#include "stat/identity.h"
#include "stat/prom.h"

enum { STATUS_MS = 1000,		/* between two datagrams about the counts */
       PROM_MS = 15000,			/* as s3ev-stat */
       STALL = 900 };			/* s, as long as Lambda would wait */

enum { OPTION_BACKOFF = OPTION_BASE_TOOL, OPTION_DRAIN, OPTION_PROM,
       OPTION_STALL, OPTION_VISIBILITY, OPTION_WAIT };

struct worker {
	struct pump_options options;
	const char *url, *prom;		/* NULL: not asked for */

	struct sqs_queue queue;
	struct loop *loop;
	struct aws *aws;
	struct pump *pump;
	struct identity identity;
	struct notify notify;
	struct stop stop;
	struct loop_timer watchdog, prom_timer;
	bool prom_failed;		/* the last time */
	uint64_t told;			/* when the counts were */
	bool is_over;
	int status;
};

static const char usage[] =
	"s3ev-sqs: give the messages of an SQS queue to a pipeline of filters\n"
	"usage: s3ev-sqs [-ehVv] [-b BATCH] [-d done|fail] [-G SECONDS] [-g done|fail]\n"
	"                [-m MS] [-q URL] [-s MS] [-w N] -- COMMAND [ARGUMENT...]\n"
	"\n"
	"  -b, --batch N       up to so many messages in an event (100)\n"
	"  -q, --queue URL     of the queue (QUEUE_URL)\n"
	DRIVER_OPTION_USAGE
	DRIVER_OPTION_DAY_USAGE
	"      --backoff SECONDS  doubled with each receive of what failed (15)\n"
	"      --drain         end when the queue is empty\n"
	"      --prom FILE     metrics for Prometheus, into FILE\n"
	"      --stall SECONDS without a record, then a pipeline is killed (900)\n"
	"      --visibility SECONDS  that a message is ours, renewed at half (120)\n"
	"      --wait SECONDS  of a long poll (20)\n"
	COMMAND_LINE_USAGE;

static void say(void *ctx, const char *line)
{
	(void)ctx;
	say_line("s3ev-sqs", str_of(line));
}

static void on_wrong(void *ctx, const struct err *err)
{
	struct buf line;

	(void)ctx;
	buf_init(&line, 4096);
	diag_put_error(&line, err);
	say_line("s3ev-sqs", buf_str(&line));
	buf_free(&line);
}

static void on_failed(void *ctx, size_t n, size_t of, const struct err *why)
{
	struct buf line;

	(void)ctx;
	buf_init(&line, 4096);
	if (n > 0)
		buf_printf(&line, "%zu of %zu messages come again: ", n, of);
	diag_put_error(&line, why);
	say_line("s3ev-sqs", buf_str(&line));
	buf_free(&line);
}

static void on_said(void *ctx, struct str line)
{
	(void)ctx;
	say_line(NULL, line);
}

static void on_record(void *ctx, struct str record)
{
	const struct worker *w = ctx;

	if (w->options.driver.verbose)
		show_record(STR_NONE, record);
}

static void on_over(void *ctx, int status)
{
	struct worker *w = ctx;

	w->is_over = true;
	w->status = status;
}

/* Those who watch; a fault is told once, until it is over. */

static void write_prom(struct worker *w)
{
	struct pump_counts counts = pump_counts(w->pump);
	bool failed_before = w->prom_failed;
	struct metrics metrics;
	struct err err;

	if (!w->prom)
		return;
	metrics_begin(&metrics);
	metrics_common(&metrics, "service", w->identity.service);
	sqs_metrics_put(&metrics, w->queue.name, &counts);
	w->prom_failed = prom_write(w->prom, &metrics, &err) < 0;
	if (w->prom_failed && !failed_before)
		say(w, err.message);
}

static void on_prom(void *arg)
{
	struct worker *w = arg;

	write_prom(w);
	loop_timer_set(w->loop, &w->prom_timer, PROM_MS, on_prom, w);
}

/* The service manager */

static void tell_counts(struct worker *w)
{
	struct pump_counts counts = pump_counts(w->pump);

	notify_send(&w->notify, "STATUS=%llu messages done, %llu given back, "
		    "%zu held", counts.done, counts.failed, counts.held);
	w->told = loop_now(w->loop);
}

static void on_proved(void *ctx)
{
	struct worker *w = ctx;

	notify_send(&w->notify, "READY=1\nSTATUS=waiting for messages");
}

static void on_done(void *ctx)
{
	struct worker *w = ctx;

	if (loop_now(w->loop) - w->told >= STATUS_MS)
		tell_counts(w);
}

/* Twice as often as it is awaited, but only while work advances. */
static void on_watchdog(void *arg)
{
	struct worker *w = arg;

	if (pump_advances(w->pump))
		notify_send(&w->notify, "WATCHDOG=1");
	tell_counts(w);
	loop_timer_set(w->loop, &w->watchdog, w->notify.watchdog_ms / 2,
		       on_watchdog, w);
}

static void on_signal(void *ctx, unsigned times)
{
	struct worker *w = ctx;

	say(w, times == 1 ? "stopping: what is begun is finished" :
			    "stopping now: what is begun is given back");
	notify_send(&w->notify, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%llu",
		    (w->options.driver.grace + 2 * PUMP_LAST_MS) * 1000);
	pump_stop(w->pump);
}

/* The queue's own region will do where no other is set. */
static struct aws *open_aws(struct worker *w, struct err *err)
{
	char region[64];
	const struct config_choice choice = { .region = region };
	struct aws *aws = aws_new(w->loop, NULL, say, w, err);

	if (aws || !err_is(err, ERR_NO_REGION) || !w->queue.region.p ||
	    w->queue.region.n >= sizeof(region))
		return aws;
	snprintf(region, sizeof(region), "%.*s", STR_FMT(w->queue.region));
	return aws_new(w->loop, &choice, say, w, err);
}

static int work(struct worker *w, struct err *err)
{
	pump_start(w->pump);
	if (w->notify.watchdog_ms > 0)
		on_watchdog(w);
	if (w->prom)
		on_prom(w);
	while (!w->is_over)
		if (loop_turn(w->loop) < 0)
			return err_errno(err, "poll");
	tell_counts(w);
	write_prom(w);
	loop_timer_stop(&w->prom_timer);
	loop_timer_stop(&w->watchdog);
	return w->status;
}

static int run(struct worker *w)
{
	static const struct pump_handler handler = {
		.proved = on_proved, .done = on_done, .failed = on_failed,
		.wrong = on_wrong, .say = say, .said = on_said,
		.record = on_record, .over = on_over,
	};
	struct err err;
	int status = EX_CONFIG;

	identity_read(&w->identity);
	notify_open(&w->notify);
	err_memory(&err);
	w->stop = (struct stop){ .asked = on_signal, .ctx = w, .fd = -1 };
	if (stop_block() == 0 && (w->loop = loop_new()) &&
	    stop_open(&w->stop, w->loop) == 0)
		w->aws = open_aws(w, &err);
	if (w->aws)
		w->pump = pump_new(w->loop, w->aws, &w->options, &handler, w,
				   &err);
	if (w->pump)
		status = work(w, &err);
	if (!w->pump || status < 0)
		on_wrong(w, &err);
	pump_free(w->pump);
	aws_free(w->aws);
	stop_close(&w->stop);
	loop_free(w->loop);
	notify_close(&w->notify);
	return status < 0 ? EX_OSERR : status;
}

/* Options */

static const char *take_number(const char *arg, unsigned long long lowest,
			       unsigned long long most,
			       unsigned long long *number)
{
	return str_number(str_of(arg), number) == 0 && *number >= lowest &&
	       *number <= most ? NULL : "not a number that this may be";
}

static const char *take_seconds(const char *arg, unsigned lowest,
				unsigned most, unsigned *seconds)
{
	unsigned long long number;
	const char *what = take_number(arg, lowest, most, &number);

	*seconds = (unsigned)number;
	return what;
}

static const char *take(void *ctx, int option, const char *arg)
{
	struct worker *w = ctx;
	struct consumer_options *queue = &w->options.consumer;

	switch (option) {
	case 'b':
		return take_number(arg, 1, PUMP_BATCH_MAX, &w->options.batch);
	case 'q':
		w->url = arg;
		return NULL;
	case OPTION_BACKOFF:
		return take_seconds(arg, 0, HELD_BACKOFF_MAX,
				    &queue->held.backoff);
	case OPTION_DRAIN:
		w->options.drain = true;
		return NULL;
	case OPTION_PROM:
		w->prom = arg;
		return NULL;
	case OPTION_STALL:
		return take_number(arg, 1, SQS_VISIBILITY_MAX,
				   &w->options.stall);
	case OPTION_VISIBILITY:
		return take_seconds(arg, 2, SQS_VISIBILITY_MAX,
				    &queue->held.visibility);
	case OPTION_WAIT:
		return take_seconds(arg, 0, SQS_WAIT_MAX, &queue->wait);
	default:
		return driver_option_take(&w->options.driver, option, arg);
	}
}

/* The queue, of the option or of the environment. */
static int read_queue(struct worker *w)
{
	struct err err;

	if (!w->url || !w->url[0]) {
		say_wrong("s3ev-sqs", "no queue",
			  "give --queue, or set QUEUE_URL");
		return -1;
	}
	if (sqs_queue_read(&w->queue, str_of(w->url), &err) == 0)
		return 0;
	on_wrong(w, &err);
	return -1;
}

int main(int argc, char **argv)
{
	static const struct option words[] = {
		{ "backoff", required_argument, NULL, OPTION_BACKOFF },
		{ "batch", required_argument, NULL, 'b' },
		{ "drain", no_argument, NULL, OPTION_DRAIN },
		{ "prom", required_argument, NULL, OPTION_PROM },
		{ "queue", required_argument, NULL, 'q' },
		{ "stall", required_argument, NULL, OPTION_STALL },
		{ "visibility", required_argument, NULL, OPTION_VISIBILITY },
		{ "wait", required_argument, NULL, OPTION_WAIT },
		DRIVER_OPTION_WORDS, DRIVER_OPTION_DAY_WORDS, COMMAND_LINE_WORDS,
		{ NULL, 0, NULL, 0 }
	};
	struct worker w = {
		.options = {
			.driver = DRIVER_OPTIONS,
			.consumer = { .queue = &w.queue, .wait = SQS_WAIT_MAX,
				.held = { .visibility = 120, .backoff = 15 } },
			.batch = 100, .stall = STALL,
		},
		.url = getenv("QUEUE_URL"),
	};
	const struct command_line line = {
		.name = "s3ev-sqs", .usage = usage, .words = words,
		.letters = "+b:q:" DRIVER_OPTION_LETTERS
			   DRIVER_OPTION_DAY_LETTERS COMMAND_LINE_LETTERS,
		.take = take, .ctx = &w,
	};
	int status = command_line_read(&line, argc, argv,
				       &w.options.driver.command);

	if (status >= 0)
		return status;
	return read_queue(&w) < 0 ? EX_USAGE : run(&w);
}
