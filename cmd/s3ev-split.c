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
#include "json.h"
#include "list.h"
#include "newest.h"
#include "options.h"
#include "record.h"
#include "stats.h"

enum { READ_SIZE = 64 << 10 };

struct split {
	struct globs names;	/* of events */
	bool is_list;
	bool marks;
	bool unique;

	struct flow_options flow;
	char last_name[128];		/* of an event, and whether it matched */
	bool last_wanted;
	struct newest newest;		/* what is held back by -u */
	struct buf out;
	size_t line;			/* where the line begun last begins */
	unsigned long long documents;
	unsigned long long position;	/* records of the current document */
	unsigned long long written;	/* those of them that went out */
	char refused[sizeof(((struct err *)0)->message)]; /* said last */
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
	split->last_wanted = globs_match(&split->names, event);
	if (!split->last_wanted && split->flow.verbose)
		fprintf(stderr, "s3ev-split: left out: %.*s\n",
			STR_FMT(event));
	if (event.n < sizeof(split->last_name)) {
		memcpy(split->last_name, event.p, event.n);
		split->last_name[event.n] = '\0';
	} else {
		split->last_name[0] = '\0';
	}
	return split->last_wanted;
}

/* Writing */

static int flush(struct split *split)
{
	size_t done = 0;

	while (done < split->out.n) {
		ssize_t n = write(STDOUT_FILENO, split->out.p + done,
				  split->out.n - done);

		if (n < 0 && errno != EINTR) {
			fprintf(stderr, "s3ev-split: stdout: %s\n",
				strerror(errno));
			split->status = EX_IOERR;
			return -1;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	buf_reset(&split->out);
	return 0;
}

static void begin_line(struct split *split)
{
	split->line = split->out.n;
	buf_putc(&split->out, '{');
}

static int end_line(struct split *split)
{
	buf_puts(&split->out, "}\n");
	if (split->out.failed)
		return fail(split, EX_OSERR, "out of memory");
	return split->out.n >= READ_SIZE ? flush(split) : 0;
}

/* With -u a line is taken back, and kept until it is known to be the newest. */
static int hold(struct split *split, const struct record *record, bool wanted)
{
	struct str line = { split->out.p + split->line,
			    split->out.n - split->line };
	int status;

	if (split->out.failed)
		return fail(split, EX_OSERR, "out of memory");
	status = newest_add(&split->newest, record, wanted ? line : STR_NONE);
	split->out.n = split->line;
	return status < 0 ? fail(split, EX_OSERR, "-u: out of memory") : 0;
}

static void count(struct split *split, enum record_outcome outcome)
{
	split->written++;
	split->stats.out[outcome]++;
}

static int on_record(void *ctx, const struct record *record,
		     const struct envelope_from *from)
{
	struct split *split = ctx;
	bool wanted = is_wanted(split, record->event);
	unsigned long long position = split->position++;

	if (!wanted && !split->unique)
		return 0;
	begin_line(split);
	record_put(&split->out, record);
	envelope_put_from(&split->out, from, position);
	if (split->unique) {
		buf_puts(&split->out, "}\n");
		return hold(split, record, wanted);
	}
	split->stats.bytes += record->size;
	count(split, RECORD_GOOD);
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
	report(NULL, text ? text : "out of memory");
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
	split->stats.refused++;
	if (!from->sqs.p)
		return 0;
	begin_line(split);
	envelope_put_from(&split->out, from, split->position++);
	record_put_failed(&split->out, "s3ev-split", err);
	count(split, RECORD_FAILED);
	return end_line(split);
}

static void on_note(void *ctx, struct str what)
{
	const struct split *split = ctx;

	if (split->flow.verbose)
		fprintf(stderr, "s3ev-split: no record: %.*s\n", STR_FMT(what));
}

static int put_held(void *ctx, struct str line)
{
	struct split *split = ctx;

	buf_put_str(&split->out, line);
	count(split, RECORD_GOOD);
	if (split->out.failed)
		return fail(split, EX_OSERR, "out of memory");
	return split->out.n >= READ_SIZE ? flush(split) : 0;
}

static int on_end(void *ctx)
{
	struct split *split = ctx;

	split->documents++;
	split->stats.in++;
	split->refused[0] = '\0';
	split->position = 0;
	if (!split->marks)
		return 0;
	if (newest_drain(&split->newest, put_held, split) < 0)
		return -1;
	begin_line(split);
	buf_printf(&split->out, "\"mark\":\"%llu\",\"records\":%llu",
		   split->documents, split->written);
	split->written = 0;
	return end_line(split);
}

static const struct event_handler handler = {
	.record = on_record,
	.refuse = on_refuse,
	.note = on_note,
	.end = on_end,
};

/* What is complete goes out before we wait for more. */
static int read_input(struct split *split, struct event_reader *events,
		      struct list *list, struct err *err)
{
	static char bytes[READ_SIZE];
	ssize_t n;

	while ((n = read(STDIN_FILENO, bytes, sizeof(bytes))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fprintf(stderr, "s3ev-split: stdin: %s\n",
				strerror(errno));
			split->status = EX_IOERR;
			return -1;
		}
		if ((split->is_list ?
		     list_feed(list, bytes, (size_t)n, err) :
		     event_feed(events, bytes, (size_t)n, err)) < 0 ||
		    flush(split) < 0)
			return -1;
	}
	if ((split->is_list ? list_end(list, err) : event_end(events, err)) < 0)
		return -1;
	if (newest_drain(&split->newest, put_held, split) < 0)
		return -1;
	return flush(split);
}

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

/* Ends with what was said, or with what could not be. */
static int run(struct split *split)
{
	struct event_reader *events = event_reader_new(&handler, split);
	struct list list;
	struct err err = { .retry = false };

	list_init(&list, &handler, split);
	buf_init(&split->out, READ_SIZE + 4 * RECORD_MAX);
	newest_init(&split->newest);
	if (!events)
		fail(split, EX_OSERR, "out of memory");
	else if (read_input(split, events, &list, &err) < 0 &&
		 split->status <= EX_DATAERR)
		fail(split, EX_OSERR, err.message);
	if (split->newest.folded > 0)
		fprintf(stderr, "s3ev-split: %llu older events left out\n",
			split->newest.folded);
	if (split->status != EX_IOERR && close(STDOUT_FILENO) < 0)
		fail(split, EX_IOERR, "stdout could not be closed");
	newest_free(&split->newest);
	list_free(&list);
	event_reader_free(events);
	buf_free(&split->out);
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
