/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/flow.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/text.h"
#include "filter/rows.h"
#include "format/json_write.h"
#include "io/lines.h"
#include "io/output.h"
#include "record/allowed.h"

enum {
	LINE_MAX_BYTES = RECORD_MAX + (64 << 10), /* with filters' members */
	OUT_FULL = 256 << 10,	/* start nothing while this much waits */
	OUT_ENOUGH = PIPE_BUF,	/* to be written at once */
	MEMBERS_MAX = 64 << 10
};

struct flow {
	struct loop *loop;
	const struct flow_work *filter;
	struct flow_options options;
	struct record_reader *reader;
	struct progress *progress;
	struct stats *stats;		/* those of progress */
	struct allowed allowed;

	struct lines in;
	struct output out;
	short stdout_events;		/* in this turn of the loop */

	struct flow_item *items;	/* jobs of them */
	struct flow_item *idle;
	unsigned active;
	struct flow_item *first, **last; /* in the order of the input */
	struct flow_item *barrier;	/* a mark waiting for all before it */

	struct buf text;		/* a line for report() */
	struct rows rows;		/* or one of these */
	int status;
	bool broken;			/* stop at once */
};

/* Exit statuses, from good to bad: of two reasons the worse one counts. */
static const int statuses[] = {
	EX_OK, EX_DATAERR, EX_TEMPFAIL, EX_UNAVAILABLE, EX_CONFIG, EX_OSERR,
	EX_IOERR
};

static size_t badness(int status)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++)
		if (statuses[i] == status)
			return i;
	return 0;
}

/* A status that is not in the list counts as EX_OK. */
static int worse(int a, int b)
{
	return badness(b) > badness(a) ? b : a;
}

static void set_status(struct flow *flow, int status)
{
	flow->status = worse(flow->status, status);
}

static void report(struct flow *flow)
{
	const char *line = buf_cstr(&flow->text);

	progress_clear(flow->progress);
	flow->filter->report(flow->filter->ctx, line ? line : "out of memory");
	buf_reset(&flow->text);
}

static void break_off(struct flow *flow, int status, const char *what)
{
	buf_printf(&flow->text, "%s: %s", what, strerror(errno));
	report(flow);
	set_status(flow, status);
	flow->broken = true;
}

/* Reporting */

static void report_line(struct flow *flow, const struct err *err)
{
	buf_printf(&flow->text, "line %llu: ", flow->in.number);
	diag_put(&flow->text, str_of(err->message));
	report(flow);
	flow->stats->refused++;
	set_status(flow, EX_DATAERR);
}

/*
 * Report the outcome of a record, and why: a reason or an error.  In columns,
 * which people scan from top to bottom, the outcome comes before the name;
 * otherwise after it.
 */
static void put_item(struct flow_item *item, struct str why,
		     const struct err *err)
{
	const char *outcome = record_outcome_name(item->outcome);
	const struct record *r = &item->record;
	struct buf *text = &item->flow->text;

	diag_put_object(text, r->bucket, r->key);
	if (!item->flow->options.columns && !err)
		buf_printf(text, ": %s", outcome);
	if (item->note.n > 0 && !err) {
		buf_puts(text, ": ");
		diag_put(text, item->note);
	}
	if (why.n > 0 || err)
		buf_puts(text, ": ");
	if (err)
		diag_put_error(text, err);
	else
		diag_put(text, why);
}

/* A row of what people look at; the tool's own report has no colours. */
static void show_item(struct flow_item *item, struct str why,
		      const struct err *err)
{
	struct flow *flow = item->flow;
	struct rows_row row = {
		.outcome = item->outcome, .size = item->record.size_text,
		.ms = (clock_us() - item->begun) / 1000,
	};

	put_item(item, why, err);
	row.text = buf_str(&flow->text);
	progress_clear(flow->progress);
	rows_show(&flow->rows, flow->filter->name, &row);
	buf_reset(&flow->text);
}

static void report_item(struct flow_item *item, struct str why,
			const struct err *err)
{
	struct flow *flow = item->flow;

	if (flow->options.columns && flow->options.terminal >= 0) {
		show_item(item, why, err);
		return;
	}
	if (flow->options.columns)
		diag_put_columns(&flow->text,
				 record_outcome_name(item->outcome),
				 item->record.size_text,
				 (clock_us() - item->begun) / 1000);
	put_item(item, why, err);
	report(flow);
}

/* Writing */

static void on_stdout(void *arg, int fd, short events)
{
	struct flow *flow = arg;

	(void)fd;
	flow->stdout_events = events;
}

/*
 * After a turn of the loop, before which so many bytes waited.  Results that
 * were ready at the same time go out in one write: if this turn has brought
 * more, the next one may, and it does not wait while something can be written.
 */
static void write_results(struct flow *flow, size_t before)
{
	size_t now = output_waiting(&flow->out);
	bool more = now > before && now < OUT_ENOUGH;

	if (flow->stdout_events && !more &&
	    output_ready(&flow->out, flow->stdout_events) < 0)
		break_off(flow, EX_IOERR, "stdout");
	flow->stdout_events = 0;
}

/* Put the result of a finished item into the output. */
static void emit(struct flow *flow, struct flow_item *item)
{
	struct str members = buf_str(&item->members);
	struct err err;

	if (item->members.failed ||
	    item->record.line.n + members.n > LINE_MAX_BYTES - 2) {
		err_set(&err, "RecordTooLong",
			"the record would grow too long");
		item->outcome = RECORD_FAILED;
		report_item(item, STR_NONE, &err);
		buf_reset(&item->members);
		record_put_failed(&item->members, flow->filter->name, &err);
		members = buf_str(&item->members);
		set_status(flow, EX_TEMPFAIL);
	}
	record_splice(&flow->out.buf, &item->record, members);
	if (!item->record.mark.p)
		flow->stats->out[item->outcome]++;
	if (flow->out.buf.failed) {
		errno = ENOMEM;
		break_off(flow, EX_OSERR, "output");
	}
}

static void return_item(struct flow *flow, struct flow_item *item)
{
	arena_reset(&item->arena);
	item->next = flow->idle;
	flow->idle = item;
}

static void recycle(struct flow *flow, struct flow_item *item)
{
	buf_reset(&item->members);
	return_item(flow, item);
	flow->active--;
}

/* Write the finished items at the head of the queue. */
static void emit_in_order(struct flow *flow)
{
	while (flow->first && flow->first->finished) {
		struct flow_item *item = flow->first;

		flow->first = item->next;
		if (!flow->first)
			flow->last = &flow->first;
		emit(flow, item);
		recycle(flow, item);
	}
}

static void finish(struct flow_item *item)
{
	struct flow *flow = item->flow;

	if (item->started)
		stats_worked(flow->stats, clock_us() - item->begun);
	loop_timer_stop(&item->timer);
	item->finished = true;
	item->started = false;
	if (flow->filter->end)
		flow->filter->end(flow->filter->ctx, item);
	if (flow->options.keep_order) {
		emit_in_order(flow);
		return;
	}
	emit(flow, item);
	recycle(flow, item);
}

void flow_done(struct flow_item *item)
{
	struct record *record = &item->record;

	item->outcome = record_outcome(record);
	if (item->flow->options.verbose)
		report_item(item, record->bad_reason, NULL);
	finish(item);
}

void flow_bad(struct flow_item *item, const struct record_bad *bad)
{
	struct record_bad cut = *bad;

	item->outcome = RECORD_BAD;
	cut.reason.n = str_cut_utf8(bad->reason, FLOW_REASON_MAX);
	record_put_bad(&item->members, item->flow->filter->name, &cut);
	if (item->flow->options.verbose)
		report_item(item, cut.reason, NULL);
	finish(item);
}

/*
 * Has nothing ever said that the object was there?  So it is with a name in a
 * list, which may be wrong: s3://inbox/typo.  A message or a batch job gets its
 * answer.
 */
static bool is_only_named(const struct record *record)
{
	return !record->event.p && !record->sequencer.p &&
	       !record->version.p && !record->etag.p && !record->has_size &&
	       !record->from_sqs.p && !record->from_batch.p;
}

void flow_gone(struct flow_item *item, const struct err *err, struct str now)
{
	struct err changed = *err;

	if (is_only_named(&item->record) && str_is(now, "deleted")) {
		err_set(&changed, "NoSuchKey", "it is not there, and nothing "
			"says that it ever was: is its name right?");
		flow_failed(item, &changed);
		return;
	}
	/*
	 * The object changed while it was read, and its record, which comes
	 * from a list, did not say which object was meant.  No event announces
	 * the new one, so the record must come again.
	 */
	if (!record_is_described(&item->record) &&
	    err_is(err, "PreconditionFailed")) {
		changed.retry = true;
		flow_failed(item, &changed);
		return;
	}
	item->outcome = RECORD_GONE;
	record_put_gone(&item->members, item->flow->filter->name, err, now);
	if (item->flow->options.verbose)
		report_item(item, str_of(err->message), NULL);
	finish(item);
}

void flow_failed(struct flow_item *item, const struct err *err)
{
	item->outcome = RECORD_FAILED;
	report_item(item, STR_NONE, err);
	buf_reset(&item->members);
	if (!item->record.failed.p)
		record_put_failed(&item->members, item->flow->filter->name,
				  err);
	set_status(item->flow, EX_TEMPFAIL);
	finish(item);
}

void flow_status(struct flow_item *item, int status)
{
	set_status(item->flow, status);
}

void flow_stop(struct flow_item *item)
{
	item->flow->broken = true;
}

/* Reading */

/* A failed record without a bucket always passes: there is nothing to do. */
static bool passes(const struct flow_work *filter,
		   const struct record *record)
{
	enum record_outcome outcome = record_outcome(record);

	if (outcome == RECORD_FAILED)
		return !filter->takes_failed || !record->bucket.p;
	return filter->passes & 1u << outcome || record_is_skipped(record);
}

static void fail_late(struct flow_item *item, const char *what)
{
	struct err err;

	err_set(&err, "DeadlineExceeded", "%s", what);
	err.retry = true;
	flow_failed(item, &err);
}

static void on_deadline(void *arg)
{
	struct flow_item *item = arg;
	const struct flow_work *filter = item->flow->filter;

	if (filter->cancel)
		filter->cancel(filter->ctx, item);
	fail_late(item, "not finished by its deadline");
}

/* Leave a margin: the filters after us also need time before the deadline. */
static bool is_late(struct flow_item *item)
{
	uint64_t left = clock_left(item->record.deadline);

	if (left == UINT64_MAX)
		return false;
	if (left < FLOW_DEADLINE_MARGIN_MS)
		return true;
	loop_timer_set(item->flow->loop, &item->timer, left, on_deadline, item);
	return false;
}

/* A record need not have come through s3ev-split, so it is asked here too. */
static bool is_foreign(const struct flow *flow, const struct record *record)
{
	return !record->failed.p &&
	       !allowed_bucket(&flow->allowed, record->bucket);
}

static void fail_foreign(struct flow_item *item)
{
	struct err err;

	allowed_refuse(item->record.bucket, &err);
	flow_failed(item, &err);
}

static void start_item(struct flow *flow, struct flow_item *item)
{
	flow->active++;
	flow->stats->in++;
	if (flow->options.keep_order) {
		*flow->last = item;
		flow->last = &item->next;
	}
	if (item->record.failed.p)
		set_status(flow, EX_TEMPFAIL);
	if (passes(flow->filter, &item->record)) {
		item->outcome = record_outcome(&item->record);
		flow->stats->passed++;
		finish(item);
		return;
	}
	if (item->state && item->used)
		memset(item->state, 0, flow->filter->state_size);
	item->used = true;
	item->started = true;
	item->begun = clock_us();
	flow->stats->bytes += item->record.size;
	if (is_foreign(flow, &item->record))
		fail_foreign(item);
	else if (is_late(item))
		fail_late(item, "too late to begin before its deadline");
	else
		flow->filter->start(flow->filter->ctx, item);
}

static struct flow_item *take_item(struct flow *flow)
{
	struct flow_item *item = flow->idle;

	flow->idle = item->next;
	item->next = NULL;
	item->finished = false;
	item->note = STR_NONE;
	return item;
}

/* As much of a line as can be seen; blanks and C0, JSON's own matter, count too. */
static size_t seen(struct str line)
{
	size_t n = text_ascii(line.p, line.n), length;
	const char *del = n > 0 ? memchr(line.p, '\x7F', n) : NULL;

	if (del)
		return (size_t)(del - line.p);
	for (; n < line.n; n += length) {
		long c = text_character(line.p + n, line.n - n, &length);

		if (c > ' ' && text_is_hidden(c))
			break;
	}
	return n;
}

static void put_seen(struct buf *out, struct str line)
{
	while (line.n > 0) {
		size_t n = seen(line), length = 0;

		buf_put(out, line.p, n);
		if (n < line.n) {
			text_character(line.p + n, line.n - n, &length);
			json_put_shown(out, (struct str){ line.p + n, length });
		}
		line.p += n + length;
		line.n -= n + length;
	}
}

/*
 * A copy of the line as it is, unless it hides something that could forge a log
 * or turn a terminal's text, as a record made by hand may.  That is written as
 * s3ev-split would.  What is no UTF-8 will be refused.
 */
static struct str keep_line(struct arena *arena, struct str line)
{
	struct buf shown;

	if (seen(line) == line.n || !str_is_utf8(line))
		return arena_dup(arena, line);
	buf_init(&shown, LINE_MAX_BYTES);
	put_seen(&shown, line);
	line = arena_dup(arena, shown.failed ? line : buf_str(&shown));
	buf_free(&shown);
	return line;
}

static void begin_line(struct flow *flow, struct str line)
{
	struct flow_item *item = take_item(flow);
	unsigned long long total;
	struct err err;

	progress_took(flow->progress, line.n + 1);
	line = keep_line(&item->arena, line);
	if (!line.p) {
		errno = ENOMEM;
		break_off(flow, EX_OSERR, "input");
		return_item(flow, item);
	} else if (record_parse(flow->reader, line, &item->arena,
				&item->record, &err) < 0) {
		if (err_is(&err, ERR_MEMORY)) {
			errno = ENOMEM;
			break_off(flow, EX_OSERR, "input");
		} else {
			report_line(flow, &err);
		}
		return_item(flow, item);
	} else if (item->record.mark.p) {
		flow->barrier = item;
		if (str_number(item->record.mark_total, &total) == 0)
			progress_expect(flow->progress, total);
	} else {
		start_item(flow, item);
	}
}

static void pass_barrier(struct flow *flow)
{
	struct flow_item *mark = flow->barrier;

	if (!mark || flow->active > 0)
		return;
	flow->barrier = NULL;
	flow->active++;
	emit(flow, mark);
	recycle(flow, mark);
}

static bool can_start(const struct flow *flow)
{
	return !flow->broken && !flow->barrier && flow->idle &&
	       output_waiting(&flow->out) < OUT_FULL;
}

static void refuse_line(struct flow *flow, enum lines_what what)
{
	struct err err;

	if (what == LINES_TOO_LONG)
		err_set(&err, ERR_RECORD, "longer than %d bytes",
			LINE_MAX_BYTES);
	else
		err_set(&err, ERR_RECORD,
			"cut off: no newline at its end");
	report_line(flow, &err);
}

static void start_lines(struct flow *flow)
{
	enum lines_what what;
	struct str line;

	pass_barrier(flow);
	while (can_start(flow) &&
	       (what = lines_next(&flow->in, &line)) != LINES_NONE) {
		if (what == LINES_LINE)
			begin_line(flow, line);
		else
			refuse_line(flow, what);
		pass_barrier(flow);
	}
}

/* After start_lines(), a record that could be started lacks only its line. */
static bool wants_input(const struct flow *flow)
{
	return can_start(flow) && !flow->in.ended;
}

static void on_readable(void *arg, int fd, short events)
{
	struct flow *flow = arg;

	(void)events;
	if (lines_read(&flow->in, fd) < 0)
		break_off(flow, errno == ENOMEM ? EX_OSERR : EX_IOERR, "stdin");
}

static int set_watches(struct flow *flow)
{
	if (loop_watch(flow->loop, STDIN_FILENO,
		       wants_input(flow) ? POLLIN : 0, on_readable, flow) < 0)
		return -1;
	return loop_watch(flow->loop, STDOUT_FILENO,
			  output_events(&flow->out), on_stdout, flow);
}

static bool is_finished(const struct flow *flow)
{
	return flow->broken ||
	       (flow->in.ended && flow->active == 0 && !flow->barrier &&
		output_waiting(&flow->out) == 0);
}

static int make_items(struct flow *flow)
{
	flow->items = calloc(flow->options.jobs, sizeof(*flow->items));
	if (!flow->items)
		return -1;
	for (unsigned i = 0; i < flow->options.jobs; i++) {
		struct flow_item *item = &flow->items[i];

		arena_init(&item->arena, 8 * RECORD_MAX);
		buf_init(&item->members, MEMBERS_MAX);
		item->flow = flow;
		if (flow->filter->state_size > 0) {
			item->state = calloc(1, flow->filter->state_size);
			if (!item->state)
				return -1;
		}
		return_item(flow, item);
	}
	return 0;
}

static void free_flow(struct flow *flow)
{
	for (unsigned i = 0; flow->items && i < flow->options.jobs; i++) {
		arena_free(&flow->items[i].arena);
		buf_free(&flow->items[i].members);
		free(flow->items[i].state);
	}
	free(flow->items);
	record_reader_free(flow->reader);
	lines_free(&flow->in);
	output_free(&flow->out);
	buf_free(&flow->text);
}

static void cancel_items(struct flow *flow)
{
	for (unsigned i = 0; flow->items && i < flow->options.jobs; i++)
		if (flow->items[i].started && flow->filter->cancel)
			flow->filter->cancel(flow->filter->ctx,
					     &flow->items[i]);
}

int flow_run(struct loop *loop, const struct flow_work *filter,
	     const struct flow_options *options, struct progress *progress)
{
	struct flow flow = { .loop = loop, .filter = filter,
			     .options = *options, .status = EX_OK,
			     .progress = progress, .stats = &progress->stats };
	size_t waiting;

	lines_init(&flow.in, LINE_MAX_BYTES);
	output_init(&flow.out, STDOUT_FILENO, OUT_FULL +
		    (options->jobs + 1) *
		    (size_t)(LINE_MAX_BYTES + MEMBERS_MAX));
	buf_init(&flow.text, 8 << 10);
	flow.last = &flow.first;
	rows_init(&flow.rows, options->terminal);
	allowed_init(&flow.allowed, getenv("SOURCE_BUCKETS"));
	flow.reader = record_reader_new();
	if (!flow.reader || make_items(&flow) < 0)
		break_off(&flow, EX_OSERR, "start");
	while (!flow.broken) {
		start_lines(&flow);
		if (is_finished(&flow))
			break;
		waiting = output_waiting(&flow.out);
		if (set_watches(&flow) < 0 || loop_turn(loop) < 0)
			break_off(&flow, EX_OSERR, "poll");
		write_results(&flow, waiting);
	}
	loop_watch(loop, STDIN_FILENO, 0, NULL, NULL);
	loop_watch(loop, STDOUT_FILENO, 0, NULL, NULL);
	if (!flow.broken && close(STDOUT_FILENO) < 0)
		break_off(&flow, EX_IOERR, "stdout");
	cancel_items(&flow);
	free_flow(&flow);
	return flow.status;
}
