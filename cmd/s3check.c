/* SPDX-License-Identifier: Apache-2.0 */
/* s3check: is each record's object good?  Built-in checks, then the processor. */

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "check.h"
#include "check_option.h"
#include "child.h"
#include "diag.h"
#include "filter.h"
#include "inspect.h"
#include "options.h"
#include "processor_option.h"
#include "s3_option.h"
#include "worker.h"

struct s3check {
	struct processor_options processor;
	struct check_rules rules;
	struct s3_options s3;
	struct workers *workers;	/* of -X, or NULL */
	struct filter filter;
};

struct work {
	struct flow_item *item;
	const struct s3check *checks;
	struct inspect inspect;
	struct worker_job job;
};

static const char usage[] =
	"usage: s3check [-hkoVvz] [-j JOBS] [-x CMD | -X CMD] [--timeout S]\n"
	"               [--cpu S] [--memory BYTES] [--pass-credentials] [-d DIR]\n"
	"               [--max-output BYTES] [--output-type TYPE]\n"
	"               [--name GLOB]... [--min-size BYTES] [--max-size BYTES]\n"
	"               [--etag] [--gzip] [--utf8] [--json] [--ndjson]\n"
	"               [--csv[=COLUMNS]] [--max-unzipped BYTES] [--skip-folders]\n"
	"               [--expected-bucket-owner ID] [--request-payer] < RECORDS\n"
	"\n"
	PROCESSOR_OPTION_USAGE
	CHECK_OPTION_USAGE
	S3_OPTION_USAGE
	"  -j, --jobs JOBS       objects at once (32; processors with -x, -X)\n"
	"  -k, --keep-order      results in the order of the input\n"
	OPTIONS_USAGE
	"  -v, --verbose         a line for each record\n"
	"  -h, --help            this text\n"
	"  -V, --version         the version\n";

static void report(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "s3check: %s\n", line);
}

/* Who decided, and what else was looked at. */
static void open_check(const struct s3check *checks, struct buf *members,
		       const char *by)
{
	json_member_open(members, "check");
	json_member(members, "by", str_of(by));
	check_put(members, &checks->rules);
}

static void put_check(const struct work *work)
{
	const struct inspect *x = &work->inspect;
	struct buf *members = &work->item->members;

	open_check(work->checks, members, x->by);
	inspect_put(members, x);
	if (x->processor_ran || work->job.arg)
		json_member_number(members, "took_ms",
				   x->processor.took_ms + work->job.took_ms);
	buf_putc(members, '}');
}

/* A note that could not be read changes nothing but must be mended. */
static void complain(const struct record *r, const struct err *err)
{
	struct buf line;

	buf_init(&line, 8 << 10);
	diag_put_object(&line, r->bucket, r->key);
	buf_puts(&line, ": its note on descriptor 3: ");
	diag_put(&line, str_of(err->message));
	report(NULL, buf_cstr(&line));
	buf_free(&line);
}

static void decide(struct work *work, enum record_outcome outcome,
		   const struct record_bad *bad, const struct err *err)
{
	switch (outcome) {
	case RECORD_GOOD:
		put_check(work);
		flow_done(work->item);
		break;
	case RECORD_BAD:
		put_check(work);
		flow_bad(work->item, bad);
		break;
	case RECORD_GONE:
		flow_gone(work->item, err);
		break;
	case RECORD_FAILED:
		flow_failed(work->item, err);
		break;
	}
}

static void on_answered(void *arg)
{
	struct work *work = arg;

	work->inspect.by = "processor";
	decide(work, work->job.outcome, &work->job.bad, &work->job.err);
}

static void ask(struct work *work)
{
	work->job.record = &work->item->record;
	work->job.arena = &work->item->arena;
	work->job.done = on_answered;
	work->job.arg = work;
	worker_ask(work->checks->workers, &work->job);
}

static void on_inspected(void *arg)
{
	struct work *work = arg;
	const struct inspect *x = &work->inspect;

	if (err_is_set(&x->processor.complaint))
		complain(&work->item->record, &x->processor.complaint);
	outfile_put(&work->item->members, &x->output, x->how->output_type);
	if (x->outcome == RECORD_GOOD && work->checks->workers)
		ask(work);
	else
		decide(work, x->outcome, &x->bad, &x->err);
}

static void inspect(struct s3check *checks, struct flow_item *item)
{
	struct work *work = item->state;
	struct inspect *x = &work->inspect;
	struct err err;

	if (inspect_is_remote(&checks->rules, &checks->processor,
			      &item->record) &&
	    !filter_aws(&checks->filter, &err)) {
		flow_status(item, EX_CONFIG);
		flow_failed(item, &err);
		return;
	}
	x->loop = checks->filter.loop;
	x->aws = checks->filter.aws;
	x->how = &checks->processor;
	x->options = &checks->s3;
	x->arena = &item->arena;
	x->done = on_inspected;
	x->arg = work;
	inspect_start(x);
}

static void cancel(void *ctx, struct flow_item *item)
{
	struct work *work = item->state;

	(void)ctx;
	inspect_cancel(&work->inspect);
	worker_cancel(&work->job);
}

/* A folder is not data: nothing looks at it, and nothing copies it. */
static void skip(struct flow_item *item)
{
	json_member_open(&item->members, "check");
	json_member(&item->members, "skipped", STR("folder"));
	buf_putc(&item->members, '}');
	flow_done(item);
}

static void start(void *ctx, struct flow_item *item)
{
	struct s3check *checks = ctx;
	struct work *work = item->state;
	struct record_bad bad;
	const char *by;

	work->item = item;
	work->checks = checks;
	work->inspect.rules = &checks->rules;
	work->inspect.record = &item->record;
	if (checks->rules.skip_folders && check_is_folder(&item->record)) {
		skip(item);
	} else if (check_record(&checks->rules, &item->record, &item->arena,
				&bad, &by)) {
		open_check(checks, &item->members, by);
		buf_putc(&item->members, '}');
		flow_bad(item, &bad);
	} else if (check_has_any(&checks->rules) || checks->processor.command) {
		inspect(checks, item);
	} else if (checks->workers) {
		ask(work);
	} else {
		flow_done(item);
	}
}

static const char *take_option(void *ctx, int option, const char *arg)
{
	struct s3check *checks = ctx;

	if (s3_option_is(option))
		return s3_option_take(&checks->s3, option, arg);
	if (processor_option_is(option))
		return processor_option_take(&checks->processor, option, arg);
	return check_option_take(&checks->rules, option, arg);
}

static int start_workers(struct filter *filter)
{
	struct s3check *checks = filter->flow->ctx;

	if (!checks->processor.worker)
		return EX_OK;
	checks->workers = workers_new(filter->loop, &checks->processor,
				      filter->options.jobs);
	if (checks->workers)
		return EX_OK;
	report(NULL, "out of memory");
	return EX_OSERR;
}

static void end_workers(struct filter *filter)
{
	struct s3check *checks = filter->flow->ctx;

	workers_free(checks->workers);
}

int main(int argc, char **argv)
{
	struct s3check checks = {
		.processor = PROCESSOR_OPTIONS,
		.rules = CHECK_RULES,
		.filter = { .lazy = true, .prepare = start_workers,
			    .finish = end_workers },
	};
	struct flow_options flow = { .jobs = 0 };
	static const struct option words[] = {
		CHECK_OPTION_WORDS,
		PROCESSOR_OPTION_WORDS,
		S3_OPTION_WORDS,
		{ NULL, 0, NULL, 0 }
	};
	const struct options options = {
		.name = "s3check",
		.usage = usage,
		.letters = PROCESSOR_OPTION_LETTERS "z",
		.words = words,
		.take = take_option,
		.report = report,
		.ctx = &checks,
		.flow = &flow,
	};
	const struct flow_filter filter = {
		.name = "s3check",
		.passes = 1u << RECORD_BAD | 1u << RECORD_GONE,
		.state_size = sizeof(struct work),
		.start = start,
		.cancel = cancel,
		.report = report,
		.ctx = &checks,
	};
	int status = options_read(&options, argc, argv);
	const char *what = status < 0 ?
		processor_option_end(&checks.processor) : NULL;

	if (what) {
		report(NULL, what);
		status = EX_USAGE;
	} else if (status < 0) {
		setlocale(LC_CTYPE, "C.UTF-8"); /* ? is a character of a key */
		child_prepare();
		if (flow.jobs == 0)
			flow.jobs = processor_option_jobs(&checks.processor);
		status = filter_run(&checks.filter, &filter, &flow);
	}
	processor_option_free(&checks.processor);
	return status;
}
