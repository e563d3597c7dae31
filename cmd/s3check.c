/* SPDX-License-Identifier: Apache-2.0 */
/* s3check: is each record's object good?  Built-in checks, then the processor. */

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "diag.h"
#include "filter.h"
#include "globs.h"
#include "inspect.h"
#include "options.h"
#include "processor_option.h"
#include "s3_option.h"
#include "strays.h"

struct checks {
	struct processor_options processor;
	struct globs names;		/* of keys */
	unsigned long long max_size;
	bool has_max_size;

	struct s3_options s3;
	struct filter filter;
};

struct work {
	struct flow_item *item;
	struct inspect inspect;
};

static const char usage[] =
	"usage: s3check [-hkoVv] [-j JOBS] [-x CMD] [--timeout S] [--cpu S]\n"
	"               [--memory BYTES] [--pass-credentials] [-d DIR]\n"
	"               [--max-output BYTES] [--output-type TYPE]\n"
	"               [--max-size BYTES] [--name GLOB]... [--expected-bucket-owner ID]\n"
	"               [--request-payer] < RECORDS\n"
	"\n"
	PROCESSOR_OPTION_USAGE
	"      --max-size BYTES  objects may not be larger\n"
	"      --name GLOB       keys must match one of these\n"
	S3_OPTION_USAGE
	"  -j, --jobs JOBS       objects at once (number of processors)\n"
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

/* Built-in checks: false, and why, if the object is bad. */

static const char *fault(const struct checks *checks, struct flow_item *item)
{
	const struct record *r = &item->record;

	if (checks->names.count > 0 && !globs_match(&checks->names, r->key))
		return "the name is none of those expected";
	if (checks->has_max_size && r->has_size && r->size > checks->max_size)
		return arena_printf(&item->arena,
				    "%llu bytes, more than the %llu allowed",
				    r->size, checks->max_size);
	return NULL;
}

static void put_check(struct buf *members, const struct processor *p)
{
	json_member_open(members, "check");
	json_member(members, "by", STR("processor"));
	json_member_number(members, "took_ms", p->took_ms);
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

static void on_inspected(void *arg)
{
	struct work *work = arg;
	const struct inspect *x = &work->inspect;
	const struct processor *p = &x->processor;

	if (err_is_set(&p->complaint))
		complain(&work->item->record, &p->complaint);
	switch (x->outcome) {
	case RECORD_GOOD:
		put_check(&work->item->members, p);
		if (x->output.path)
			outfile_put(&work->item->members, &x->output,
				    p->options->output_type);
		flow_done(work->item);
		break;
	case RECORD_BAD:
		put_check(&work->item->members, p);
		flow_bad(work->item, &x->bad);
		break;
	case RECORD_GONE:
		flow_gone(work->item, &x->err);
		break;
	case RECORD_FAILED:
		flow_failed(work->item, &x->err);
		break;
	}
}

static void inspect(struct checks *checks, struct flow_item *item)
{
	struct work *work = item->state;
	struct inspect *x = &work->inspect;
	struct err err;

	if (source_is_remote(&item->record) &&
	    !filter_aws(&checks->filter, &err)) {
		flow_status(item, EX_CONFIG);
		flow_failed(item, &err);
		return;
	}
	work->item = item;
	x->loop = checks->filter.loop;
	x->aws = checks->filter.aws;
	x->how = &checks->processor;
	x->record = &item->record;
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
}

static void start(void *ctx, struct flow_item *item)
{
	struct checks *checks = ctx;
	struct record_bad bad = { .reason = str_of(fault(checks, item)) };

	if (bad.reason.p)
		flow_bad(item, &bad);
	else if (checks->processor.command)
		inspect(checks, item);
	else
		flow_done(item);
}

enum { OPTION_MAX_SIZE = 256, OPTION_NAME };

static const char *take_option(void *ctx, int option, const char *arg)
{
	struct checks *checks = ctx;

	if (s3_option_is(option))
		return s3_option_take(&checks->s3, option, arg);
	if (processor_option_is(option))
		return processor_option_take(&checks->processor, option, arg);
	switch (option) {
	case OPTION_MAX_SIZE:
		checks->has_max_size = true;
		return str_number(str_of(arg), &checks->max_size) < 0 ?
			"not a number of bytes" : NULL;
	default:
		return globs_add(&checks->names, arg) < 0 ?
			"too many --name" : NULL;
	}
}

static unsigned processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > FLOW_JOBS_MAX ? FLOW_JOBS_MAX : (unsigned)n;
}

int main(int argc, char **argv)
{
	struct checks checks = {
		.processor = PROCESSOR_OPTIONS,
		.filter.lazy = true,
	};
	struct flow_options flow = { .jobs = processors() };
	static const struct option words[] = {
		{ "max-size", required_argument, NULL, OPTION_MAX_SIZE },
		{ "name", required_argument, NULL, OPTION_NAME },
		PROCESSOR_OPTION_WORDS,
		S3_OPTION_WORDS,
		{ NULL, 0, NULL, 0 }
	};
	const struct options options = {
		.name = "s3check",
		.usage = usage,
		.letters = PROCESSOR_OPTION_LETTERS,
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
		/* So that ? is a character of a key. */
		setlocale(LC_CTYPE, "C.UTF-8");
		strays_adopt();
		status = filter_run(&checks.filter, &filter, &flow);
	}
	processor_option_free(&checks.processor);
	return status;
}
