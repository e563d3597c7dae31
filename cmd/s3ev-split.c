/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3ev-split: one record for each object that the events on stdin are about.
 *
 * Records go out as soon as no more input is waiting.  Only -u holds them back:
 * until the end of the input, or of the document with -m.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/globs.h"
#include "base/option_base.h"
#include "event/envelope.h"
#include "event/event.h"
#include "event/event_input.h"
#include "event/key_form.h"
#include "event/mark.h"
#include "event/newest.h"
#include "filter/options.h"
#include "filter/say.h"
#include "filter/stats_file.h"
#include "io/output.h"
#include "io/signals.h"
#include "record/allowed.h"
#include "record/record.h"
#include "record/record_fault.h"

enum { OUT_FULL = 64 << 10 };
enum { OPTION_BUCKET = OPTION_BASE_TOOL, OPTION_BUCKET_ARNS, OPTION_KEYS };

struct split {
	struct globs names;	/* of events */
	struct allowed allowed;	/* buckets */
	bool takes_special;	/* those without names, see record_fault.h */
	bool warned;		/* that any bucket is taken */
	enum key_form keys;
	bool has_keys;		/* from the command line */
	bool is_list;
	bool marks;
	bool unique;
	struct flow_options flow;
	struct newest newest;		/* records held back by -u */
	struct output out;
	struct mark mark;
	struct stats stats;
	struct stats_file stats_file;
	struct signals signals;
	int status;
};

static const char usage[] =
	"s3ev-split: turn S3 events into records, one line for each object\n"
	"usage: s3ev-split [-hlmuVv] [-e GLOB]... < EVENTS\n"
	"\n"
	"      --bucket NAME take only objects of this bucket (SOURCE_BUCKETS)\n"
	"      --bucket-arns take access points and directory buckets too\n"
	"  -e, --event GLOB  take events with this name (ObjectCreated:*)\n"
	"      --keys FORM   keys are encoded as forms (form), as they are\n"
	"                    (raw), or as their server does (auto; S3EV_KEYS)\n"
	"  -l, --list        read lines of s3://bucket/key, not events\n"
	"  -m, --marks       write a mark after each document\n"
	"  -u, --unique      write only the newest event of each object\n"
	"      --stats FILE  append statistics to FILE\n"
	"  -v, --verbose     print what was left out, and why\n"
	"  -h, --help        print this text\n"
	"  -V, --version     print the version\n";

static void report(void *ctx, const char *line)
{
	(void)ctx;
	say_line("s3ev-split", str_of(line));
}

static int fail(struct split *split, int status, const char *what)
{
	report(NULL, what);
	split->status = status;
	return -1;
}

/* An event without a name is from a list or a batch job: it was chosen. */
static bool is_wanted(struct split *split, struct str event)
{
	bool is_new, wanted;

	if (!event.p)
		return true;
	wanted = globs_match_again(&split->names, event, &is_new);
	if (!wanted && is_new && split->flow.verbose)
		diag_report(report, NULL, "left out: ", event);
	return wanted;
}

static int fail_stdout(struct split *split)
{
	say_errno("s3ev-split", "stdout");
	split->status = EX_IOERR;
	return -1;
}

static int flush(struct split *split)
{
	return output_drain(&split->out) < 0 ? fail_stdout(split) : 0;
}

/* Wait for more input, or for the end by a signal, before which --stats counts. */
static int wait_for_more(struct split *split)
{
	int signal = signals_wait(&split->signals, STDIN_FILENO, STDOUT_FILENO);
	struct err err;

	if (signal == 0)
		return 0;
	if (signal < 0) {
		output_broken();
		return fail_stdout(split);
	}
	if (stats_file_end(&split->stats_file, 128 + signal, &err) < 0)
		report(NULL, err.message);
	signals_die(&split->signals, signal);
	return -1;
}

static int pause_input(void *ctx)
{
	struct split *split = ctx;

	return flush(split) < 0 ? -1 : wait_for_more(split);
}

static int check_output(struct split *split)
{
	if (split->out.buf.failed)
		return fail(split, EX_OSERR, "out of memory");
	return split->out.buf.n >= OUT_FULL ? flush(split) : 0;
}

static int count_line(struct split *split, enum record_outcome outcome)
{
	split->mark.records++;
	split->stats.out[outcome]++;
	return check_output(split);
}

static void put_record(struct split *split, const struct record *record,
		       const struct envelope_from *from,
		       unsigned long long position)
{
	struct buf *out = &split->out.buf;

	buf_putc(out, '{');
	record_put(out, record);
	envelope_put_from(out, from, position);
	buf_put_str(out, buf_str(&split->mark.members));
}

static void say_refused(struct split *split, const struct err *err,
			bool has_record)
{
	const char *line = mark_refused(&split->mark, err, has_record);

	if (line)
		report(NULL, line);
	if (split->status == EX_OK)
		split->status = EX_DATAERR;
	split->stats.refused++;
}

/* The object is known, but not to be worked on: its record says why. */
static int put_failed(struct split *split, const struct record *record,
		      const struct envelope_from *from,
		      unsigned long long position, const struct err *err)
{
	say_refused(split, err, true);
	put_record(split, record, from, position);
	record_put_failed(&split->out.buf, "s3ev-split", err);
	buf_puts(&split->out.buf, "}\n");
	return count_line(split, RECORD_FAILED);
}

static int put_bad(struct split *split, const struct record *record,
		   const struct envelope_from *from,
		   unsigned long long position)
{
	const struct record_bad bad = { .code = record->bad_code,
					.reason = record->bad_reason };

	put_record(split, record, from, position);
	record_put_bad(&split->out.buf, "s3ev-split", &bad);
	buf_puts(&split->out.buf, "}\n");
	return count_line(split, RECORD_BAD);
}

/* May the bucket be worked on?  If not, err says why. */
static bool is_allowed(struct split *split, struct str bucket, struct err *err)
{
	if (!allowed_bucket(&split->allowed, bucket)) {
		allowed_refuse(bucket, err);
		return false;
	}
	if (split->takes_special || !record_is_special_bucket(bucket) ||
	    allowed_is_named(&split->allowed, bucket))
		return true;
	err_set(err, "ForeignBucket", "%.*s is taken only with --bucket-arns, "
		"or if --bucket names it", STR_FMT(bucket));
	return false;
}

static void warn_of_any(struct split *split)
{
	if (split->flow.verbose && !split->warned &&
	    allowed_is_any(&split->allowed))
		report(NULL, "any bucket is taken: neither --bucket nor "
		       "SOURCE_BUCKETS says which");
	split->warned = true;
}

static int on_record(void *ctx, const struct record *record,
		     const struct envelope_from *from)
{
	struct split *split = ctx;
	bool wanted = is_wanted(split, record->event);
	unsigned long long position = split->mark.position++;
	struct buf *out = &split->out.buf;
	size_t start = out->n;
	struct err err;

	if (!wanted && !split->unique)
		return 0;
	if (!is_allowed(split, record->bucket, &err))
		return wanted ? put_failed(split, record, from, position,
					   &err) : 0;
	warn_of_any(split);
	if (record->failed_code.p) {
		err_set(&err, "NotScanned", "%.*s",
			STR_FMT(record->failed_message));
		return put_failed(split, record, from, position, &err);
	}
	if (record->bad_code.p)
		return put_bad(split, record, from, position);
	put_record(split, record, from, position);
	buf_puts(out, "}\n");
	if (!split->unique) {
		split->stats.bytes += record->size;
		return count_line(split, RECORD_GOOD);
	}
	return newest_hold(&split->newest, record, out, start, wanted) < 0 ?
		fail(split, EX_OSERR, "-u: out of memory") : 0;
}

/*
 * A message of a queue or a task of a batch that cannot be read becomes a
 * failed record of its own.  So the answer can name it, and the others go on.
 * A refusal without such an id is reported in the mark.
 */
static int on_refuse(void *ctx, const struct err *err,
		     const struct envelope_from *from)
{
	struct split *split = ctx;
	bool has_record = from->sqs.p || from->batch.p;
	struct buf *out = &split->out.buf;

	say_refused(split, err, has_record);
	if (!has_record)
		return 0;
	buf_putc(out, '{');
	envelope_put_from(out, from, split->mark.position++);
	record_put_failed(out, "s3ev-split", err);
	buf_puts(out, "}\n");
	return count_line(split, RECORD_FAILED);
}

static void on_note(void *ctx, struct str what)
{
	const struct split *split = ctx;

	if (split->flow.verbose)
		diag_report(report, NULL, "no record: ", what);
}

static int put_held(void *ctx, struct str line)
{
	struct split *split = ctx;

	buf_put_str(&split->out.buf, line);
	return count_line(split, RECORD_GOOD);
}

static int on_invocation(void *ctx, const struct event_invocation *invocation)
{
	struct split *split = ctx;

	return mark_invocation(&split->mark, invocation) < 0 ?
		fail(split, EX_DATAERR, "an invocation that is too long") : 0;
}

static int on_end(void *ctx)
{
	struct split *split = ctx;

	split->stats.in++;
	if (split->marks) {
		if (newest_drain(&split->newest, put_held, split) < 0)
			return -1;
		mark_put(&split->out.buf, &split->mark);
	}
	mark_next(&split->mark);
	return check_output(split);
}

static const struct event_handler handler = {
	.record = on_record,
	.refuse = on_refuse,
	.note = on_note,
	.invocation = on_invocation,
	.end = on_end,
};

static const char *take_option(void *ctx, int option, const char *arg)
{
	struct split *split = ctx;

	switch (option) {
	case OPTION_BUCKET:
		return allowed_add(&split->allowed, arg) < 0 ?
			"too many --bucket" : NULL;
	case OPTION_BUCKET_ARNS:
		split->takes_special = true;
		return NULL;
	case OPTION_KEYS:
		split->has_keys = true;
		return key_form_read(str_of(arg), &split->keys) < 0 ?
			"--keys is form, raw or auto, not" : NULL;
	case 'l':
		split->is_list = true;
		return NULL;
	case 'm':
		split->marks = true;
		return NULL;
	case 'u':
		split->unique = true;
		return NULL;
	default:
		return globs_add(&split->names, arg) < 0 ? "too many -e" : NULL;
	}
}

static void read_input(struct split *split)
{
	const struct event_input intake = {
		.handler = &handler, .ctx = split, .is_list = split->is_list,
		.pause = pause_input, .keys = split->keys,
	};
	struct err err;

	if (wait_for_more(split) < 0)
		return;
	if (event_input_run(&intake, STDIN_FILENO, &err) == 0) {
		if (newest_drain(&split->newest, put_held, split) == 0)
			flush(split);
	} else if (!err_is(&err, ERR_STOPPED)) {
		fail(split, err_is(&err, ERR_SYSTEM) ?
		     EX_IOERR : EX_OSERR, err.message);
	}
}

static void say_folded(unsigned long long n)
{
	struct buf line;

	if (n == 0)
		return;
	buf_init(&line, 64);
	buf_printf(&line, "%llu older events left out", n);
	say_line("s3ev-split", buf_str(&line));
	buf_free(&line);
}

static int run(struct split *split)
{
	output_init(&split->out, STDOUT_FILENO, OUT_FULL + 4 * RECORD_MAX);
	mark_init(&split->mark);
	newest_init(&split->newest);
	read_input(split);
	say_folded(split->newest.folded);
	if (split->status != EX_IOERR && close(STDOUT_FILENO) < 0)
		fail(split, EX_IOERR, "stdout could not be closed");
	newest_free(&split->newest);
	mark_free(&split->mark);
	output_free(&split->out);
	return split->status;
}

static struct stats stats_now(void *ctx)
{
	const struct split *split = ctx;

	return split->stats;
}

static int run_with_stats(struct split *split)
{
	const char *path = split->flow.stats;
	struct err err;
	int status;

	stats_init(&split->stats);
	signals_init(&split->signals);
	split->stats_file = (struct stats_file){
		.filter = "s3ev-split", .now = stats_now, .ctx = split,
	};
	if (stats_file_open(&split->stats_file, path, &err) < 0) {
		report(NULL, err.message);
		return EX_IOERR;
	}
	if (path && signals_hold(&split->signals) < 0) {
		say_errno("s3ev-split", "signals");
		return EX_OSERR;
	}
	status = run(split);
	if (stats_file_end(&split->stats_file, status, &err) < 0) {
		report(NULL, err.message);
		status = status == EX_OK ? EX_IOERR : status;
	}
	return status;
}

/* Options count for more than the environment. */
static int read_environment(struct split *split)
{
	const char *keys = getenv("S3EV_KEYS");

	if (allowed_is_any(&split->allowed))
		split->allowed.list = getenv("SOURCE_BUCKETS");
	if (!keys || !*keys || split->has_keys ||
	    key_form_read(str_of(keys), &split->keys) == 0)
		return -1;
	diag_report(report, NULL, "S3EV_KEYS is form, raw or auto, not: ",
		    str_of(keys));
	return EX_CONFIG;
}

int main(int argc, char **argv)
{
	struct split split = { .status = EX_OK };
	static const struct option words[] = {
		{ "bucket", required_argument, NULL, OPTION_BUCKET },
		{ "bucket-arns", no_argument, NULL, OPTION_BUCKET_ARNS },
		{ "event", required_argument, NULL, 'e' },
		{ "keys", required_argument, NULL, OPTION_KEYS },
		{ "list", no_argument, NULL, 'l' },
		{ "marks", no_argument, NULL, 'm' },
		{ "unique", no_argument, NULL, 'u' },
		{ NULL, 0, NULL, 0 }
	};
	const struct options options = {
		.name = "s3ev-split",
		.usage = usage,
		.letters = "e:lmu",
		.words = words,
		.take = take_option,
		.report = report,
		.ctx = &split,
		.flow = &split.flow,
		.no_flow = true,
	};
	int status = options_read(&options, argc, argv);

	if (status < 0)
		status = read_environment(&split);
	if (status >= 0)
		return status;
	if (split.names.count == 0)
		globs_add(&split.names, "ObjectCreated:*");
	return run_with_stats(&split);
}
