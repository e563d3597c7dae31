/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memrchr */
#include "flow.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "diag.h"

enum {
	READ_SIZE = 64 << 10,
	LINE_MAX_BYTES = RECORD_MAX + READ_SIZE, /* what filters have added */
	OUT_FULL = 256 << 10,	/* start nothing while so much waits */
	MEMBERS_MAX = 64 << 10
};

struct flow {
	struct loop *loop;
	const struct flow_filter *filter;
	struct flow_options options;
	struct record_reader *reader;

	struct buf in;
	size_t in_used;			/* bytes of in that are behind us */
	unsigned long long line;	/* number of the line read last */
	bool skipping;			/* inside a line that is too long */
	bool in_ended;

	struct buf out;
	size_t out_used;		/* bytes of out that are written */
	size_t out_chunk;		/* most bytes to write at once */

	struct flow_item *items;	/* jobs of them */
	struct flow_item *idle;
	unsigned active;
	struct flow_item *first, **last; /* in the order of the input */
	struct flow_item *barrier;	/* a mark waiting for all before it */

	struct buf text;		/* a line for report() */
	int status;
	bool broken;			/* stop at once */
};

/* What is worse counts: EX_OK < EX_DATAERR < EX_TEMPFAIL < the rest. */
static void set_status(struct flow *flow, int status)
{
	static const int order[] = { EX_OK, EX_DATAERR, EX_TEMPFAIL,
				     EX_UNAVAILABLE, EX_CONFIG, EX_OSERR,
				     EX_IOERR };
	size_t old = 0, new = 0;

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		if (order[i] == flow->status)
			old = i;
		if (order[i] == status)
			new = i;
	}
	if (new > old)
		flow->status = status;
}

static void report(struct flow *flow)
{
	const char *line = buf_cstr(&flow->text);

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
	buf_printf(&flow->text, "line %llu: ", flow->line);
	diag_put(&flow->text, str_of(err->message));
	report(flow);
	set_status(flow, EX_DATAERR);
}

static void report_item(struct flow_item *item, const char *outcome,
			struct str why)
{
	struct flow *flow = item->flow;

	diag_put_object(&flow->text, item->record.bucket, item->record.key);
	buf_puts(&flow->text, outcome);
	if (why.n > 0)
		buf_puts(&flow->text, ": ");
	diag_put(&flow->text, why);
	report(flow);
}

static void report_failure(struct flow_item *item, const struct err *err)
{
	struct flow *flow = item->flow;

	diag_put_object(&flow->text, item->record.bucket, item->record.key);
	diag_put_error(&flow->text, err);
	report(flow);
}

/* Writing */

/*
 * A pipe that poll() calls writable has room for PIPE_BUF bytes and no more
 * is promised, so no more is written: we never block.  Whole lines are kept
 * together where they fit, since such a write is atomic.
 */
static size_t next_chunk(const char *p, size_t n, size_t most)
{
	const char *end;

	if (n <= most)
		return n;
	end = memrchr(p, '\n', most);
	return end ? (size_t)(end - p) + 1 : most;
}

static size_t out_waiting(const struct flow *flow)
{
	return flow->out.n - flow->out_used;
}

static void write_out(struct flow *flow)
{
	const char *p = flow->out.p + flow->out_used;
	ssize_t n = write(STDOUT_FILENO, p, next_chunk(p, out_waiting(flow),
						       flow->out_chunk));

	if (n < 0) {
		if (errno != EINTR && errno != EAGAIN)
			break_off(flow, EX_IOERR, "stdout");
		return;
	}
	flow->out_used += (size_t)n;
	if (out_waiting(flow) == 0 || flow->out_used >= OUT_FULL) {
		buf_consume(&flow->out, flow->out_used);
		flow->out_used = 0;
	}
}

static void on_writable(void *arg, int fd, short events)
{
	(void)fd;
	(void)events;
	write_out(arg);
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
		report_failure(item, &err);
		buf_reset(&item->members);
		record_put_failed(&item->members, flow->filter->name, &err);
		members = buf_str(&item->members);
		set_status(flow, EX_TEMPFAIL);
	}
	record_splice(&flow->out, &item->record, members);
	if (flow->out.failed) {
		errno = ENOMEM;
		break_off(flow, EX_OSERR, "output");
	}
}

static void recycle(struct flow *flow, struct flow_item *item)
{
	arena_reset(&item->arena);
	buf_reset(&item->members);
	item->next = flow->idle;
	flow->idle = item;
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

	item->finished = true;
	item->started = false;
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

	if (item->flow->options.verbose)
		report_item(item, record_outcome_name(record_outcome(record)),
			    record->bad_reason);
	finish(item);
}

void flow_bad(struct flow_item *item, struct str reason)
{
	reason.n = str_cut_utf8(reason, FLOW_REASON_MAX);
	record_put_bad(&item->members, item->flow->filter->name, reason);
	if (item->flow->options.verbose)
		report_item(item, "bad", reason);
	finish(item);
}

void flow_gone(struct flow_item *item, const struct err *err)
{
	record_put_gone(&item->members, item->flow->filter->name, err);
	if (item->flow->options.verbose)
		report_item(item, "gone", str_of(err->message));
	finish(item);
}

void flow_failed(struct flow_item *item, const struct err *err)
{
	report_failure(item, err);
	buf_reset(&item->members);
	record_put_failed(&item->members, item->flow->filter->name, err);
	set_status(item->flow, EX_TEMPFAIL);
	finish(item);
}

void flow_status(struct flow_item *item, int status)
{
	set_status(item->flow, status);
}

/* Reading */

static void start_item(struct flow *flow, struct flow_item *item)
{
	enum record_outcome outcome = record_outcome(&item->record);

	flow->active++;
	if (flow->options.keep_order) {
		*flow->last = item;
		flow->last = &item->next;
	}
	if (outcome == RECORD_FAILED)
		set_status(flow, EX_TEMPFAIL);
	if (outcome == RECORD_FAILED || flow->filter->passes & 1u << outcome) {
		finish(item);
		return;
	}
	if (item->state)
		memset(item->state, 0, flow->filter->state_size);
	item->started = true;
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

static void return_item(struct flow *flow, struct flow_item *item)
{
	arena_reset(&item->arena);
	item->next = flow->idle;
	flow->idle = item;
}

static void begin_line(struct flow *flow, struct str line)
{
	struct flow_item *item = take_item(flow);
	struct err err;

	flow->line++;
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

/* The next whole line of the input, if it is here. */
static bool next_line(struct flow *flow, struct str *line)
{
	char *start = flow->in.p + flow->in_used;
	size_t left = flow->in.n - flow->in_used;
	char *end = left > 0 ? memchr(start, '\n', left) : NULL;

	if (!end)
		return false;
	*line = (struct str){ start, (size_t)(end - start) };
	flow->in_used += line->n + 1;
	return true;
}

static bool can_start(const struct flow *flow)
{
	return !flow->broken && !flow->barrier && flow->idle &&
	       out_waiting(flow) < OUT_FULL;
}

static void too_long(struct flow *flow)
{
	struct err err;

	flow->line++;
	err_set(&err, "InvalidRecord", "longer than %d bytes", LINE_MAX_BYTES);
	report_line(flow, &err);
}

static void start_lines(struct flow *flow)
{
	struct str line;

	pass_barrier(flow);
	while (can_start(flow) && next_line(flow, &line)) {
		if (flow->skipping)
			flow->skipping = false;
		else if (line.n > LINE_MAX_BYTES)
			too_long(flow);
		else
			begin_line(flow, line);
		pass_barrier(flow);
	}
}

/* Is it input that holds us up?  Then what is left of it is no whole line. */
static bool wants_input(const struct flow *flow)
{
	return can_start(flow) && !flow->in_ended;
}

static void end_input(struct flow *flow)
{
	flow->in_ended = true;
	if (flow->in.n == 0 || flow->skipping)
		return;
	flow->line++;
	buf_printf(&flow->text, "line %llu: cut off: no newline at its end",
		   flow->line);
	report(flow);
	set_status(flow, EX_DATAERR);
}

static void on_readable(void *arg, int fd, short events)
{
	struct flow *flow = arg;
	char *room;
	ssize_t n;

	(void)events;
	buf_consume(&flow->in, flow->in_used);
	flow->in_used = 0;
	if (flow->in.n > LINE_MAX_BYTES) {
		if (!flow->skipping)
			too_long(flow);
		flow->skipping = true;
		buf_reset(&flow->in);
	}
	room = buf_room(&flow->in, READ_SIZE);
	if (!room) {
		errno = ENOMEM;
		break_off(flow, EX_OSERR, "input");
		return;
	}
	n = read(fd, room, READ_SIZE);
	if (n > 0)
		flow->in.n += (size_t)n;
	else if (n == 0)
		end_input(flow);
	else if (errno != EINTR && errno != EAGAIN)
		break_off(flow, EX_IOERR, "stdin");
}

static int set_watches(struct flow *flow)
{
	if (loop_watch(flow->loop, STDIN_FILENO,
		       wants_input(flow) ? POLLIN : 0, on_readable, flow) < 0)
		return -1;
	return loop_watch(flow->loop, STDOUT_FILENO,
			  out_waiting(flow) > 0 ? POLLOUT : 0, on_writable,
			  flow);
}

static bool is_finished(const struct flow *flow)
{
	return flow->broken ||
	       (flow->in_ended && flow->active == 0 && !flow->barrier &&
		out_waiting(flow) == 0);
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
		item->next = flow->idle;
		flow->idle = item;
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
	buf_free(&flow->in);
	buf_free(&flow->out);
	buf_free(&flow->text);
}

static void cancel_items(struct flow *flow)
{
	for (unsigned i = 0; flow->items && i < flow->options.jobs; i++)
		if (flow->items[i].started && flow->filter->cancel)
			flow->filter->cancel(flow->filter->ctx,
					     &flow->items[i]);
}

static size_t chunk_size(void)
{
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) == 0 &&
	    (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
		return PIPE_BUF;
	return SIZE_MAX;
}

int flow_run(struct loop *loop, const struct flow_filter *filter,
	     const struct flow_options *options)
{
	struct flow flow = { .loop = loop, .filter = filter,
			     .options = *options, .status = EX_OK };

	buf_init(&flow.in, LINE_MAX_BYTES + 2 * READ_SIZE);
	buf_init(&flow.out, 2 * (size_t)OUT_FULL +
		 (options->jobs + 1) * (size_t)(LINE_MAX_BYTES + MEMBERS_MAX));
	buf_init(&flow.text, 8 << 10);
	flow.last = &flow.first;
	flow.out_chunk = chunk_size();
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
