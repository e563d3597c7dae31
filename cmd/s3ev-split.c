/* SPDX-License-Identifier: Apache-2.0 */
/* s3ev-split: one record for each object that the events on stdin speak of. */

#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "buf.h"
#include "diag.h"
#include "event.h"
#include "help.h"
#include "json.h"
#include "record.h"

enum { READ_SIZE = 64 << 10, LINE_MAX_BYTES = RECORD_MAX, GLOBS_MAX = 64 };

struct split {
	const char *globs[GLOBS_MAX];	/* of event names */
	size_t glob_count;
	char last_name[128];		/* of an event, and whether it matched */
	bool last_wanted;
	bool marks;
	bool verbose;

	struct buf out;
	unsigned long long documents;
	unsigned long long records;	/* of the current document */
	char refused[sizeof(((struct err *)0)->message)]; /* said last */
	int status;
};

static const char usage[] =
	"usage: s3ev-split [-hmVv] [-e GLOB]... < EVENTS\n"
	"\n"
	"  -e, --event GLOB  take events with this name (ObjectCreated:*)\n"
	"  -m, --marks       write a mark after each document\n"
	"  -v, --verbose     say what was left out, and why\n"
	"  -h, --help        this text\n"
	"  -V, --version     the version\n";

static bool matches(const struct split *split, const char *name)
{
	for (size_t i = 0; i < split->glob_count; i++)
		if (fnmatch(split->globs[i], name, 0) == 0)
			return true;
	return false;
}

/*
 * An event without a name comes from a list that somebody made on purpose.
 * Mostly the name is that of the event before.
 */
static bool is_wanted(struct split *split, struct str event)
{
	if (!event.p)
		return true;
	if (str_is(event, split->last_name))
		return split->last_wanted;
	if (event.n >= sizeof(split->last_name))
		return false;
	memcpy(split->last_name, event.p, event.n);
	split->last_name[event.n] = '\0';
	split->last_wanted = matches(split, split->last_name);
	return split->last_wanted;
}

static void put_from(struct buf *out, const struct envelope_from *from)
{
	if (!from->sqs.p && !from->receipt.p && !from->sns.p && !from->batch.p)
		return;
	json_member_open(out, "from");
	json_member(out, "sqs", from->sqs);
	json_member(out, "receipt", from->receipt);
	json_member(out, "sns", from->sns);
	json_member(out, "batch", from->batch);
	buf_putc(out, '}');
}

/* Give what there is to the reader downstream. */
static int flush(struct split *split)
{
	size_t done = 0;

	while (done < split->out.n) {
		ssize_t n = write(STDOUT_FILENO, split->out.p + done,
				  split->out.n - done);

		if (n >= 0) {
			done += (size_t)n;
		} else if (errno != EINTR) {
			fprintf(stderr, "s3ev-split: stdout: %s\n",
				strerror(errno));
			split->status = EX_IOERR;
			return -1;
		}
	}
	buf_reset(&split->out);
	return 0;
}

static int end_line(struct split *split)
{
	buf_puts(&split->out, "}\n");
	if (split->out.failed) {
		fputs("s3ev-split: out of memory\n", stderr);
		split->status = EX_OSERR;
		return -1;
	}
	return split->out.n >= READ_SIZE ? flush(split) : 0;
}

static int on_record(void *ctx, const struct record *record,
		     const struct envelope_from *from)
{
	struct split *split = ctx;
	struct buf *out = &split->out;

	if (!is_wanted(split, record->event)) {
		if (split->verbose)
			fprintf(stderr, "s3ev-split: left out: %.*s\n",
				STR_FMT(record->event));
		return 0;
	}
	split->records++;
	buf_putc(out, '{');
	json_member(out, "id", record->id);
	json_member(out, "event", record->event);
	json_member(out, "time", record->time);
	json_member(out, "region", record->region);
	json_member(out, "source", record->source);
	json_member(out, "bucket", record->bucket);
	json_member(out, "key", record->key);
	json_member(out, "version", record->version);
	json_member(out, "etag", record->etag);
	if (record->has_size)
		json_member_number(out, "size", record->size);
	json_member(out, "sequencer", record->sequencer);
	put_from(out, from);
	return end_line(split);
}

/* Once for each reason: a batch of another kind has it in every record. */
static void say_refused(struct split *split, const struct err *err)
{
	struct buf line;
	const char *text;

	if (strcmp(split->refused, err->message) == 0)
		return;
	memcpy(split->refused, err->message, sizeof(split->refused));
	buf_init(&line, 4096);
	buf_printf(&line, "document %llu: ", split->documents + 1);
	diag_put(&line, str_of(err->message));
	text = buf_cstr(&line);
	fprintf(stderr, "s3ev-split: %s\n", text ? text : "out of memory");
	buf_free(&line);
}

/*
 * A message of a queue that cannot be read is a failed record of its own, so
 * that the answer to the queue can name it and its neighbours go on.
 */
static int on_refuse(void *ctx, const struct err *err,
		     const struct envelope_from *from)
{
	struct split *split = ctx;

	if (split->status == EX_OK)
		split->status = EX_DATAERR;
	say_refused(split, err);
	if (!from->sqs.p)
		return 0;
	split->records++;
	buf_putc(&split->out, '{');
	put_from(&split->out, from);
	record_put_failed(&split->out, "s3ev-split", err);
	return end_line(split);
}

static void on_note(void *ctx, struct str what)
{
	const struct split *split = ctx;

	if (split->verbose)
		fprintf(stderr, "s3ev-split: no record: %.*s\n",
			STR_FMT(what));
}

static int on_end(void *ctx)
{
	struct split *split = ctx;

	split->documents++;
	split->refused[0] = '\0';
	if (split->marks) {
		buf_printf(&split->out, "{\"mark\":\"%llu\",\"records\":%llu",
			   split->documents, split->records);
		if (end_line(split) < 0)
			return -1;
	}
	split->records = 0;
	return 0;
}

static const struct event_handler handler = {
	.record = on_record,
	.refuse = on_refuse,
	.note = on_note,
	.end = on_end,
};

/* What is complete goes out before we wait for more. */
static void split_input(struct split *split, struct event_reader *reader)
{
	static char bytes[READ_SIZE];
	struct err err;
	ssize_t n;

	while ((n = read(STDIN_FILENO, bytes, sizeof(bytes))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fprintf(stderr, "s3ev-split: stdin: %s\n",
				strerror(errno));
			split->status = EX_IOERR;
			return;
		}
		if (event_feed(reader, bytes, (size_t)n, &err) < 0)
			goto stopped;
		if (flush(split) < 0)
			return;
	}
	if (event_end(reader, &err) == 0 && flush(split) == 0)
		return;
stopped:
	if (split->status == EX_OK || split->status == EX_DATAERR) {
		fprintf(stderr, "s3ev-split: %s\n", err.message);
		split->status = EX_OSERR;
	}
}

static void parse_options(struct split *split, int argc, char **argv)
{
	static const struct option options[] = {
		{ "event", required_argument, NULL, 'e' },
		{ "help", no_argument, NULL, 'h' },
		{ "marks", no_argument, NULL, 'm' },
		{ "version", no_argument, NULL, 'V' },
		{ "verbose", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "e:hmVv", options, NULL)) != -1) {
		switch (c) {
		case 'e':
			if (split->glob_count == GLOBS_MAX) {
				fputs("s3ev-split: too many -e\n", stderr);
				exit(EX_USAGE);
			}
			split->globs[split->glob_count++] = optarg;
			break;
		case 'h':
			exit(help_print(usage));
		case 'm':
			split->marks = true;
			break;
		case 'V':
			exit(help_version("s3ev-split"));
		case 'v':
			split->verbose = true;
			break;
		default:
			exit(EX_USAGE);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "s3ev-split: no arguments are taken: %s\n",
			argv[optind]);
		exit(EX_USAGE);
	}
	if (split->glob_count == 0)
		split->globs[split->glob_count++] = "ObjectCreated:*";
}

int main(int argc, char **argv)
{
	struct split split = { .status = EX_OK };
	struct event_reader *reader;

	parse_options(&split, argc, argv);
	buf_init(&split.out, READ_SIZE + 2 * LINE_MAX_BYTES);
	reader = event_reader_new(&handler, &split);
	if (!reader) {
		fputs("s3ev-split: out of memory\n", stderr);
		return EX_OSERR;
	}
	split_input(&split, reader);
	if (split.status != EX_IOERR && close(STDOUT_FILENO) < 0) {
		fprintf(stderr, "s3ev-split: stdout: %s\n", strerror(errno));
		split.status = EX_IOERR;
	}
	event_reader_free(reader);
	buf_free(&split.out);
	return split.status;
}
