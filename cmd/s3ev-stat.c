/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3ev-stat: count what became of records, for those who watch.
 *
 * Records pass untouched.  Every few seconds, and at the end, the counts go to
 * a file for Prometheus, to a collector of OpenTelemetry, or into a log for
 * CloudWatch.
 */

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/option_base.h"
#include "base/str.h"
#include "filter/filter.h"
#include "filter/options.h"
#include "filter/say.h"
#include "format/emf.h"
#include "stat/collector.h"
#include "stat/identity.h"
#include "stat/metrics.h"
#include "stat/otlp.h"
#include "stat/peers.h"
#include "stat/prom.h"
#include "stat/tally.h"

enum { EVERY_S = 15, EVERY_MAX_S = 3600, READ_MS = 2000, DRAIN_MS = 1000,
       LINE_MAX_BYTES = 64 << 10, PATH_MAX_BYTES = 8192 };
enum {
	OPTION_EMF = OPTION_BASE_TOOL, OPTION_EVERY, OPTION_FROM, OPTION_OTLP,
	OPTION_PROM, OPTION_SIGV4
};

struct watch {
	struct filter filter;
	const char *prom, *otlp, *from;	/* NULL: not asked for */
	bool sigv4;
	bool emf;
	unsigned long long every;	/* seconds */

	struct tally tally;
	struct peers peers;
	struct tally tally_before;	/* as the last line of EMF had them */
	struct peer_counts peers_before;
	struct metrics metrics;
	struct identity identity;
	struct buf file;		/* this pipeline's, of prom */
	struct collector *collector;
	uint64_t started;		/* ms since 1970 */
	struct loop_timer timer, reading;
	bool prom_failed;		/* the last time */
	int status;
};

static const char usage[] =
	"s3ev-stat: count what becomes of records, for Prometheus, CloudWatch and others\n"
	"usage: s3ev-stat [-hkVv] [-j JOBS] [OPTION]... < RECORDS\n"
	"\n"
	"      --prom FILE             metrics for Prometheus, into FILE\n"
	"      --otlp URL              to a collector of OpenTelemetry, or to\n"
	"                              CloudWatch (OTEL_EXPORTER_OTLP_ENDPOINT)\n"
	"      --sigv4                 sign for CloudWatch, whatever the host\n"
	"      --emf                   for the log groups of CloudWatch, on stderr\n"
	"      --every SECONDS         how often (15), and at the end\n"
	"      --from FILE             where the other filters write their --stats\n"
	"  -j, --jobs JOBS             records at once (1)\n"
	OPTIONS_USAGE;

static void report(void *ctx, const char *line)
{
	(void)ctx;
	say_line("s3ev-stat", str_of(line));
}

static struct str service_name(const struct watch *watch)
{
	struct str name = watch->identity.service;

	return name.p ? name : STR("s3ev");
}

/* Names and labels are the whole identity of a series in a file. */
static void fill(struct watch *watch, struct str service)
{
	metrics_begin(&watch->metrics);
	metrics_common(&watch->metrics, "service", service);
	metrics_common(&watch->metrics, "pipeline", watch->identity.number);
	tally_put(&watch->metrics, &watch->tally);
	peers_put(&watch->metrics, &watch->peers);
}

/* A fault is told once, until it is over. */
static void write_prom(struct watch *watch)
{
	bool failed_before = watch->prom_failed;
	struct err err;

	fill(watch, watch->identity.service);
	watch->prom_failed = prom_write(watch->file.p, &watch->metrics, &err) < 0;
	if (watch->prom_failed && !failed_before)
		report(NULL, err.message);
}

static void write_otlp(struct watch *watch)
{
	const char *attributes = getenv("OTEL_RESOURCE_ATTRIBUTES");
	const struct otlp otlp = {
		.metrics = &watch->metrics, .started = watch->started,
		.now = clock_now(), .service = service_name(watch),
		.instance = str_of(watch->identity.instance),
		.attributes = str_of(attributes),
	};
	struct buf body;

	fill(watch, STR_NONE); /* the service is the resource's */
	buf_init(&body, OTLP_MAX);
	otlp_put(&body, &otlp);
	collector_send(watch->collector, buf_str(&body));
	buf_free(&body);
}

/* One line, with what is new since the last one; none if nothing is. */
static void write_emf(struct watch *watch)
{
	const struct tally *now = &watch->tally, *was = &watch->tally_before;
	struct peer_counts sum = peers_sum(&watch->peers);
	const struct peer_counts *before = &watch->peers_before;
	unsigned long long n[RECORD_FAILED + 1], records = 0, bytes = 0;
	struct buf members, line;

	for (int i = 0; i <= RECORD_FAILED; i++) {
		n[i] = now->records[i] - was->records[i];
		records += n[i];
		bytes += now->bytes[i] - was->bytes[i];
	}
	if (records == 0 && sum.requests == before->requests)
		return;
	const struct emf_metric metrics[] = {
		{ .name = "Records", .unit = "Count", .value = records },
		{ .name = "Good", .unit = "Count", .value = n[RECORD_GOOD] },
		{ .name = "Bad", .unit = "Count", .value = n[RECORD_BAD] },
		{ .name = "Gone", .unit = "Count", .value = n[RECORD_GONE] },
		{ .name = "Failed", .unit = "Count",
		  .value = n[RECORD_FAILED] },
		{ .name = "ObjectBytes", .unit = "Bytes", .value = bytes },
		{ .name = "Requests", .unit = "Count",
		  .value = sum.requests - before->requests },
		{ .name = "Retries", .unit = "Count",
		  .value = sum.retries - before->retries },
		{ .name = "Throttles", .unit = "Count",
		  .value = sum.throttles - before->throttles },
		{ .name = "CheckSeconds", .unit = "Seconds",
		  .values = now->check_spread.values,
		  .n_values = now->check_spread.n },
		{ .name = "LagSeconds", .unit = "Seconds",
		  .values = now->lag_spread.values,
		  .n_values = now->lag_spread.n },
	};
	struct emf emf = {
		.dimension = "Service", .value = service_name(watch),
		.time = clock_now(), .metrics = metrics,
		.n = sizeof(metrics) / sizeof(*metrics),
	};

	buf_init(&members, LINE_MAX_BYTES);
	tally_put_codes(&members, now, was);
	emf.members = buf_str(&members);
	buf_init(&line, LINE_MAX_BYTES);
	emf_put(&line, &emf);
	/* A line that begins with anything else makes no metrics. */
	if (!members.failed && !line.failed)
		say_line(NULL, str_trim_end(buf_str(&line), "\n"));
	buf_free(&line);
	buf_free(&members);
	memset(&watch->tally.lag_spread, 0, sizeof(struct spread));
	memset(&watch->tally.check_spread, 0, sizeof(struct spread));
	watch->tally_before = watch->tally;
	watch->peers_before = sum;
}

static void write_all(struct watch *watch)
{
	if (watch->prom)
		write_prom(watch);
	if (watch->collector)
		write_otlp(watch);
	if (watch->emf)
		write_emf(watch);
}

/*
 * A FIFO holds little: if nobody took lines out of it between two writings, who
 * writes to it would wait, or lose what it has to say at its end.
 */
static void on_reading(void *arg)
{
	struct watch *watch = arg;

	peers_read(&watch->peers);
	loop_timer_set(watch->filter.loop, &watch->reading, READ_MS,
		       on_reading, watch);
}

static void on_time(void *arg)
{
	struct watch *watch = arg;

	peers_read(&watch->peers);
	write_all(watch);
	loop_timer_set(watch->filter.loop, &watch->timer, watch->every * 1000,
		       on_time, watch);
}

/* Records */

static void end(void *ctx, struct flow_item *item)
{
	struct watch *watch = ctx;

	tally_add(&watch->tally, &item->record, item->outcome, clock_now());
}

/* Nothing is left to do for a record: all outcomes pass. */
static void start(void *ctx, struct flow_item *item)
{
	(void)ctx;
	flow_done(item);
}

/* The run */

static struct aws *open_aws(void *ctx, struct err *err)
{
	struct watch *watch = ctx;

	return filter_aws(&watch->filter, err);
}

static int open_collector(struct watch *watch)
{
	const struct collector_options options = {
		.loop = watch->filter.loop, .url = watch->otlp,
		.sigv4 = watch->sigv4, .aws = open_aws, .report = report,
		.ctx = watch,
	};
	struct err err;

	if (!watch->otlp && !collector_is_set())
		return 0;
	watch->collector = collector_new(&options, &err);
	if (watch->collector)
		return 0;
	report(NULL, err.message);
	return -1;
}

static int open_file(struct watch *watch, struct err *err)
{
	identity_read(&watch->identity);
	buf_init(&watch->file, PATH_MAX_BYTES);
	if (!watch->prom)
		return 0;
	identity_put_path(&watch->file, watch->prom, watch->identity.pipeline);
	if (!buf_cstr(&watch->file))
		return err_memory(err);
	identity_sweep(&watch->identity, watch->prom);
	return 0;
}

/*
 * The first writing, with all counts at zero, shows that the file can be
 * written, and gives Prometheus something to count from.  The FIFO comes last:
 * who writes to it waits until it is open, and does no work that cannot be
 * counted.
 */
static int prepare(struct filter *filter)
{
	struct watch *watch = filter->flow->ctx;
	struct err err;

	watch->started = clock_now();
	tally_init(&watch->tally, watch->started);
	watch->tally_before = watch->tally;
	peers_open(&watch->peers, NULL, &err);
	if (open_file(watch, &err) < 0) {
		report(NULL, err.message);
		return EX_OSERR;
	}
	if (open_collector(watch) < 0)
		return EX_CONFIG;
	if (!watch->prom && !watch->collector && !watch->emf) {
		report(NULL, "nowhere to write to: give --prom, --otlp or --emf");
		return EX_USAGE;
	}
	on_time(watch);
	if (watch->prom_failed)
		return EX_IOERR;
	if (peers_open(&watch->peers, watch->from, &err) < 0) {
		report(NULL, err.message);
		return EX_IOERR;
	}
	if (watch->from)
		on_reading(watch);
	return EX_OK;
}

static void say_lines(const struct watch *watch, unsigned long long n,
		      const char *why)
{
	struct buf text;

	if (n == 0)
		return;
	buf_init(&text, LINE_MAX_BYTES);
	buf_printf(&text, "%s: %llu lines %s", watch->from, n, why);
	say_line("s3ev-stat", buf_str(&text));
	buf_free(&text);
}

static void say_refused(const struct watch *watch)
{
	say_lines(watch, watch->peers.refused, "were not written by --stats");
	say_lines(watch, watch->peers.too_many,
		  "were of too many processes, and are not counted");
}

static void finish(struct filter *filter)
{
	struct watch *watch = filter->flow->ctx;

	loop_timer_stop(&watch->timer);
	loop_timer_stop(&watch->reading);
	peers_drain(&watch->peers, DRAIN_MS);
	say_refused(watch);
	write_all(watch);
	if (watch->collector && !collector_finish(watch->collector))
		watch->status = EX_UNAVAILABLE;
	if (watch->prom_failed)
		watch->status = EX_IOERR;
	collector_free(watch->collector);
	watch->collector = NULL;
	peers_close(&watch->peers);
	buf_free(&watch->file);
}

static const char *take_option(void *ctx, int option, const char *arg)
{
	struct watch *watch = ctx;

	switch (option) {
	case OPTION_EMF:
		watch->emf = true;
		return NULL;
	case OPTION_EVERY:
		return str_number(str_of(arg), &watch->every) < 0 ||
		       watch->every < 1 || watch->every > EVERY_MAX_S ?
			"not a number of seconds (1 to 3600)" : NULL;
	case OPTION_FROM:
		watch->from = arg;
		return NULL;
	case OPTION_OTLP:
		watch->otlp = arg;
		return NULL;
	case OPTION_PROM:
		watch->prom = arg;
		return *arg ? NULL : "not a file";
	default:
		watch->sigv4 = true;
		return NULL;
	}
}

static int worst(const struct watch *watch, int status)
{
	return status == EX_OK || status == EX_TEMPFAIL ||
	       status == EX_DATAERR ? (watch->status ? watch->status : status) :
				      status;
}

int main(int argc, char **argv)
{
	static struct watch watch = {
		.every = EVERY_S,
		.filter = { .lazy = true, .prepare = prepare,
			    .finish = finish, .stopped = finish },
	};
	struct flow_options flow = { .jobs = 1 };
	static const struct option words[] = {
		{ "emf", no_argument, NULL, OPTION_EMF },
		{ "every", required_argument, NULL, OPTION_EVERY },
		{ "from", required_argument, NULL, OPTION_FROM },
		{ "otlp", required_argument, NULL, OPTION_OTLP },
		{ "prom", required_argument, NULL, OPTION_PROM },
		{ "sigv4", no_argument, NULL, OPTION_SIGV4 },
		{ NULL, 0, NULL, 0 }
	};
	const struct options options = {
		.name = "s3ev-stat",
		.usage = usage,
		.letters = "",
		.words = words,
		.take = take_option,
		.report = report,
		.ctx = &watch,
		.flow = &flow,
	};
	const struct flow_work work = {
		.name = "s3ev-stat",
		.passes = 1u << RECORD_GOOD | 1u << RECORD_BAD |
			  1u << RECORD_GONE,
		.start = start,
		.end = end,
		.report = report,
		.ctx = &watch,
	};
	int status = options_read(&options, argc, argv);

	if (status >= 0)
		return status;
	status = filter_run(&watch.filter, &work, &flow);
	return worst(&watch, status);
}
