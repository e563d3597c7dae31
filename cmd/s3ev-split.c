/* SPDX-License-Identifier: Apache-2.0 */
/* s3ev-split: one record for each object that the events on stdin speak of. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "buf.h"
#include "diag.h"
#include "envelope.h"
#include "event.h"
#include "globs.h"
#include "intake.h"
#include "mark.h"
#include "newest.h"
#include "options.h"
#include "output.h"
#include "record.h"
#include "stats.h"

enum { OUT_FULL = 64 << 10 };

struct split {
	struct globs names;	/* of events */
	bool is_list;
	bool marks;
	bool unique;
	struct flow_options flow;
	struct newest newest;		/* what is held back by -u */
	struct output out;
	struct mark mark;
	struct stats stats;
	int status;
};

static const char usage[] =
	"usage: s3ev-split [-hlmuVv] [-e GLOB]... < EVENTS\n"
	"\n"
	"  -e, --event GLOB  take events with this name (ObjectCreated:*)\n"
	"  -l, --list        the input is lines of s3://bucket/key\n"
	"  -m, --marks       write a mark after each document\n"
	"  -u, --unique      of the events of one object only the newest\n"
	"      --stats FILE  append what was done, in numbers\n"
	"  -v, --verbose     say what was left out, and why\n"
	"  -h, --help        this text\n"
	"  -V, --version     the version\n";

static void report(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "s3ev-split: %s\n", line);
}

static int fail(struct split *split, int status, const char *what)
{
	report(NULL, what);
	split->status = status;
	return -1;
}

/* An event without a name comes from a list that somebody made on purpose. */
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

static int flush(void *ctx)
{
	struct split *split = ctx;

	if (output_drain(&split->out) == 0)
		return 0;
	fprintf(stderr, "s3ev-split: stdout: %s\n", strerror(errno));
	split->status = EX_IOERR;
	return -1;
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

static int on_record(void *ctx, const struct record *record,
		     const struct envelope_from *from)
{
	struct split *split = ctx;
	bool wanted = is_wanted(split, record->event);
	unsigned long long position = split->mark.position++;
	struct buf *out = &split->out.buf;
	size_t start = out->n;

	if (!wanted && !split->unique)
		return 0;
	buf_putc(out, '{');
	record_put(out, record);
	envelope_put_from(out, from, position);
	buf_put_str(out, buf_str(&split->mark.members));
	buf_puts(out, "}\n");
	if (!split->unique) {
		split->stats.bytes += record->size;
		return count_line(split, RECORD_GOOD);
	}
	return newest_hold(&split->newest, record, out, start, wanted) < 0 ?
		fail(split, EX_OSERR, "-u: out of memory") : 0;
}

/*
 * A message of a queue or a task of a batch that cannot be read is a failed
 * record of its own, so that the answer can name it and its neighbours go on.
 * Of what has no name the mark tells.
 */
static int on_refuse(void *ctx, const struct err *err,
		     const struct envelope_from *from)
{
	struct split *split = ctx;
	bool has_record = from->sqs.p || from->batch.p;
	struct buf *out = &split->out.buf;
	const char *line = mark_refused(&split->mark, err, has_record);

	if (line)
		report(NULL, line);
	if (split->status == EX_OK)
		split->status = EX_DATAERR;
	split->stats.refused++;
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
	const struct intake intake = {
		.handler = &handler, .ctx = split, .is_list = split->is_list,
		.pause = flush,
	};
	struct err err;

	if (intake_run(&intake, STDIN_FILENO, &err) == 0) {
		if (newest_drain(&split->newest, put_held, split) == 0)
			flush(split);
	} else if (strcmp(err.code, "Stopped") != 0) {
		fail(split, strcmp(err.code, "SystemError") == 0 ?
		     EX_IOERR : EX_OSERR, err.message);
	}
}

static int run(struct split *split)
{
	output_init(&split->out, STDOUT_FILENO, OUT_FULL + 4 * RECORD_MAX);
	mark_init(&split->mark);
	newest_init(&split->newest);
	read_input(split);
	if (split->newest.folded > 0)
		fprintf(stderr, "s3ev-split: %llu older events left out\n",
			split->newest.folded);
	if (split->status != EX_IOERR && close(STDOUT_FILENO) < 0)
		fail(split, EX_IOERR, "stdout could not be closed");
	newest_free(&split->newest);
	mark_free(&split->mark);
	output_free(&split->out);
	return split->status;
}

static int run_with_stats(struct split *split)
{
	const char *path = split->flow.stats;
	int fd = -1, status;
	struct err err;

	stats_init(&split->stats);
	if (path && (fd = stats_open(path, &err)) < 0) {
		report(NULL, err.message);
		return EX_IOERR;
	}
	status = run(split);
	if (path && stats_write(fd, "s3ev-split", &split->stats, status,
				&err) < 0) {
		report(NULL, err.message);
		status = status == EX_OK ? EX_IOERR : status;
	}
	return status;
}

int main(int argc, char **argv)
{
	struct split split = { .status = EX_OK };
	static const struct option words[] = {
		{ "event", required_argument, NULL, 'e' },
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

	if (status >= 0)
		return status;
	if (split.names.count == 0)
		globs_add(&split.names, "ObjectCreated:*");
	return run_with_stats(&split);
}
