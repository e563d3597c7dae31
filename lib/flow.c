/* SPDX-License-Identifier: Apache-2.0 */
#include "flow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "deadline.h"
#include "diag.h"
#include "lines.h"
#include "output.h"
#include "status.h"

enum {
	LINE_MAX_BYTES = RECORD_MAX + (64 << 10), /* what filters have added */
	OUT_FULL = 256 << 10,	/* start nothing while so much waits */
	MEMBERS_MAX = 64 << 10
};

struct flow {
	struct loop *loop;
	const struct flow_filter *filter;
	struct flow_options options;
	struct record_reader *reader;
	struct progress *progress;
	struct stats *stats;		/* those of progress */

	struct lines in;
	struct output out;

	struct flow_item *items;	/* jobs of them */
	struct flow_item *idle;
	unsigned active;
	struct flow_item *first, **last; /* in the order of the input */
	struct flow_item *barrier;	/* a mark waiting for all before it */

	struct buf text;		/* a line for report() */
	int status;
	bool broken;			/* stop at once */
};

static void set_status(struct flow *flow, int status)
{
	flow->status = status_worse(flow->status, status);
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
 * What became of it, and why: a reason, or an error.  The outcome stands before
 * the name where it is one of many lines that people look at, else behind it.
 */
static void report_item(struct flow_item *item, struct str why,
			const struct err *err)
{
	const char *outcome = record_outcome_name(item->outcome);
	const struct record *r = &item->record;
	struct flow *flow = item->flow;

	if (flow->options.columns)
		diag_put_columns(&flow->text, outcome, r->size_text,
				 (stats_clock() - item->begun) / 1000);
	diag_put_object(&flow->text, r->bucket, r->key);
	if (!flow->options.columns && !err)
		buf_printf(&flow->text, ": %s", outcome);
	if (why.n > 0 || err)
		buf_puts(&flow->text, ": ");
	if (err)
		diag_put_error(&flow->text, err);
	else
		diag_put(&flow->text, why);
	report(flow);
}

/* Writing */

static void on_writable(void *arg, int fd, short events)
{
	struct flow *flow = arg;

	(void)fd;
	(void)events;
	if (output_write(&flow->out) < 0)
		break_off(flow, EX_IOERR, "stdout");
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

/* Items at the head of the line that are finished may leave. */
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
		stats_worked(flow->stats, stats_clock() - item->begun);
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

void flow_gone(struct flow_item *item, const struct err *err)
{
	struct err changed = *err;

	/* No event tells what came in the place of one that none described. */
	if (!record_is_described(&item->record) &&
	    strcmp(err->code, "PreconditionFailed") == 0) {
		changed.retry = true;
		flow_failed(item, &changed);
		return;
	}
	item->outcome = RECORD_GONE;
	record_put_gone(&item->members, item->flow->filter->name, err);
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

/* Reading */

/* A failed one may not even say of which object it is. */
static bool passes(const struct flow_filter *filter,
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
	const struct flow_filter *filter = item->flow->filter;

	if (filter->cancel)
		filter->cancel(filter->ctx, item);
	fail_late(item, "not finished by its deadline");
}

/* To it, and to the end of all that is behind us in a pipeline, takes time. */
static bool is_late(struct flow_item *item)
{
	uint64_t left = deadline_left(item->record.deadline);

	if (left == UINT64_MAX)
		return false;
	if (left < FLOW_DEADLINE_MARGIN_MS)
		return true;
	loop_timer_set(item->flow->loop, &item->timer, left, on_deadline, item);
	return false;
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
	if (item->state)
		memset(item->state, 0, flow->filter->state_size);
	item->started = true;
	item->begun = stats_clock();
	flow->stats->bytes += item->record.size;
	if (is_late(item))
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
	return item;
}

static void begin_line(struct flow *flow, struct str line)
{
	struct flow_item *item = take_item(flow);
	struct err err;

	line = arena_dup(&item->arena, line);
	if (!line.p) {
		errno = ENOMEM;
		break_off(flow, EX_OSERR, "input");
		return_item(flow, item);
	} else if (record_parse(flow->reader, line, &item->arena,
				&item->record, &err) < 0) {
		report_line(flow, &err);
		return_item(flow, item);
	} else if (item->record.mark.p) {
		flow->barrier = item;
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
		err_set(&err, "InvalidRecord", "longer than %d bytes",
			LINE_MAX_BYTES);
	else
		err_set(&err, "InvalidRecord",
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

/* Is it input that holds us up?  Then what is left of it is no whole line. */
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
			  output_waiting(&flow->out) > 0 ? POLLOUT : 0, on_writable,
			  flow);
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

int flow_run(struct loop *loop, const struct flow_filter *filter,
	     const struct flow_options *options, struct progress *progress)
{
	struct flow flow = { .loop = loop, .filter = filter,
			     .options = *options, .status = EX_OK,
			     .progress = progress, .stats = &progress->stats };

	lines_init(&flow.in, LINE_MAX_BYTES);
	output_init(&flow.out, STDOUT_FILENO, OUT_FULL +
		    (options->jobs + 1) *
		    (size_t)(LINE_MAX_BYTES + MEMBERS_MAX));
	buf_init(&flow.text, 8 << 10);
	flow.last = &flow.first;
	flow.reader = record_reader_new();
	if (!flow.reader || make_items(&flow) < 0)
		break_off(&flow, EX_OSERR, "start");
	while (!flow.broken) {
		start_lines(&flow);
		if (is_finished(&flow))
			break;
		if (set_watches(&flow) < 0 || loop_turn(loop) < 0)
			break_off(&flow, EX_OSERR, "poll");
	}
	loop_watch(loop, STDIN_FILENO, 0, NULL, NULL);
	loop_watch(loop, STDOUT_FILENO, 0, NULL, NULL);
	if (!flow.broken && close(STDOUT_FILENO) < 0)
		break_off(&flow, EX_IOERR, "stdout");
	cancel_items(&flow);
	free_flow(&flow);
	return flow.status;
}
