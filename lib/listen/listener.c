/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strdup */
#include "listen/listener.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/diag.h"
#include "format/json_write.h"
#include "listen/gatekeeper.h"
#include "listen/health.h"
#include "listen/inbox.h"
#include "listen/listen_metrics.h"
#include "listen/waiters.h"

enum {
	TEXT_MAX = 16 << 20,		/* of a batch */
	TEXT_WANTED = 4 << 20,		/* no event is added beyond it */
	ANSWER_MAX = 4 << 10,
	REPORT_MS = 10000,		/* the same trouble is told so often */
	FOREIGN_SHOWN = 8
};

/* Events that are given to a pipeline as one. */
struct batch {
	struct listener *listener;
	struct driver_job job;
	struct buf text;
	struct inbox_event **events;
	size_t n;			/* 0: it is free */
	char id[32];
};

struct listener {
	struct loop *loop;
	struct listener_options options;
	const struct listener_handler *handler;
	void *ctx;
	struct serve *serve;
	struct driver *driver;
	struct gatekeeper gatekeeper;
	struct journal journal;
	struct inbox *inbox;
	struct inbox_event **fresh;	/* put into the journal, but not synced */
	size_t fresh_count, fresh_max;
	struct buf body;		/* of the event that is read */
	struct waiters waiters;
	struct health health;
	struct batch *batches;
	size_t batch_count;
	unsigned long long sequence;	/* of batches */
	struct listener_counts counts;
	struct listen_statuses statuses;
	struct loop_timer timer;

	void (*passes)(void *ctx, bool yes);
	void *passes_ctx;

	struct err told;		/* what was reported last, and when */
	uint64_t told_at;
	unsigned foreign;		/* entries of the folder */
	bool was_ready, is_stopping, is_ended;
};

static bool has_journal(const struct listener *l)
{
	return l->options.journal != NULL;
}

/* A disk that is full is told now and then, not with each request. */
static void report(struct listener *l, const struct err *err)
{
	uint64_t now = loop_now(l->loop);

	if (err_is(&l->told, err->code) && now - l->told_at < REPORT_MS)
		return;
	l->told = *err;
	l->told_at = now;
	l->handler->report(l->ctx, err);
}

/* What became of events */

static void set_why(struct inbox_event *event, int status, struct str why)
{
	struct buf text;

	buf_init(&text, ANSWER_MAX / 2);
	diag_put(&text, why);
	event->status = status;
	free(event->why);
	event->why = buf_cstr(&text) ? strdup(buf_cstr(&text)) : NULL;
	buf_free(&text);
}

static void forget(struct listener *l, struct inbox_event *event, int status,
		   const char *what, struct str why)
{
	waiters_tell(&l->waiters, event, status, what, why);
	inbox_remove(l->inbox, event);
}

static void end_done(struct listener *l, struct inbox_event *event)
{
	struct err err;

	l->counts.done++;
	if (has_journal(l) && journal_remove(&l->journal, event->name, &err) < 0)
		report(l, &err);
	forget(l, event, 200, "done", STR_NONE);
}

/* It comes again: from the journal, or from its sender. */
static void end_failed(struct listener *l, struct inbox_event *event,
		       struct str why)
{
	uint64_t now = loop_now(l->loop);

	l->counts.failed++;
	set_why(event, 503, why);
	if (!has_journal(l)) {
		inbox_hold(l->inbox, event, now);
		return;
	}
	inbox_backoff(l->inbox, event, now, l->options.backoff_ms);
	waiters_tell(&l->waiters, event, 200, "kept", str_of(event->why));
}

/* It is no event at all, and would be sent again for ever. */
static void end_refused(struct listener *l, struct inbox_event *event,
			struct str why)
{
	struct err err;

	set_why(event, 400, why);
	if (!has_journal(l)) {
		l->counts.refused++;
		inbox_hold(l->inbox, event, loop_now(l->loop));
		return;
	}
	if (journal_refuse(&l->journal, event->name, str_of(event->why),
			   &err) < 0) {
		report(l, &err);
		end_failed(l, event, str_of(err.message));
		return;
	}
	l->counts.refused++;
	forget(l, event, l->options.strict ? 400 : 200, "refused",
	       str_of(event->why));
}

static void on_held(void *ctx, struct inbox_event *event)
{
	struct listener *l = ctx;

	event->body = STR_NONE;
	waiters_tell(&l->waiters, event, event->status,
		     event->status == 400 ? "refused" : "failed",
		     str_of(event->why));
}

/* Batches */

static void step(struct listener *l);

static void settle(struct listener *l, struct inbox_event *event,
		   const struct results *results,
		   const struct results_unit *unit, bool has_suffered)
{
	const struct err *why = results_why(results);

	if (unit && !results_unit_failed(results, unit))
		end_done(l, event);
	else if (unit && results_unit_refused(results, unit))
		end_refused(l, event, unit->text);
	else if (has_suffered && !l->is_stopping) {
		event->alone = true;
		inbox_put_back(l->inbox, event);
	} else {
		end_failed(l, event, unit && unit->text.p ? unit->text :
				     str_of(why->message));
	}
}

/* It was given alone and cannot be read: it would be the same the next time. */
static bool is_unreadable(const struct batch *batch)
{
	return batch->n == 1 && !batch->text.failed &&
	       err_is(&batch->job.err, ERR_JSON);
}

/* From the last to the first, so that those put back keep their order. */
static void on_done(void *arg)
{
	struct batch *batch = arg;
	struct listener *l = batch->listener;
	const struct results *results = batch->job.results;
	const struct results_event *event = results_event(results);
	bool has_err = err_is_set(&batch->job.err);
	size_t n = batch->n;

	if (has_err)
		report(l, &batch->job.err);
	else
		health_marked(&l->health);
	if (is_unreadable(batch)) {
		end_refused(l, batch->events[0], str_of(batch->job.err.message));
		n = 0;
	}
	for (size_t i = n; i-- > 0;)
		settle(l, batch->events[i], results,
		       event->count == n ? &event->units[i] : NULL,
		       has_err && n > 1);
	buf_free(&batch->text);
	batch->n = 0;
	step(l);
}

/* Append the event as a message of a queue.  False if it is none. */
static bool put_message(struct listener *l, struct buf *text,
			struct inbox_event *event)
{
	struct str body = event->body;
	struct err err;

	if (has_journal(l)) {
		if (journal_read(&l->journal, event->name, &l->body, &err) < 0) {
			report(l, &err);
			if (err_is(&err, "JournalGone"))
				forget(l, event, 503, "failed",
				       str_of(err.message));
			else
				end_failed(l, event, str_of(err.message));
			return false;
		}
		body = l->body.p ? buf_str(&l->body) : STR("");
	}
	if (!str_is_utf8(body)) {
		end_refused(l, event, STR("it is not UTF-8"));
		return false;
	}
	buf_putc(text, '{');
	json_member(text, "messageId", str_of(event->name));
	json_member(text, "eventSource", STR("aws:sqs"));
	json_member(text, "body", body);
	buf_putc(text, '}');
	return true;
}

static void add_events(struct batch *batch)
{
	struct listener *l = batch->listener;
	struct inbox_event *event;

	while (batch->n < l->options.batch && batch->text.n < TEXT_WANTED &&
	       (event = inbox_next(l->inbox))) {
		size_t n = batch->text.n;

		if ((batch->n > 0 && event->alone) ||
		    (has_journal(l) && !event->is_safe))
			return;
		buf_puts(&batch->text, batch->n > 0 ? "," : "{\"Records\":[");
		if (!put_message(l, &batch->text, event)) {
			batch->text.n = n;
			continue;
		}
		inbox_take(l->inbox, event);
		batch->events[batch->n++] = event;
		if (event->alone)
			return;
	}
}

/* Give a pipeline what waits, as much as there is.  False if there is nothing. */
static bool give(struct listener *l)
{
	struct batch *batch = l->batches;

	while (batch->n > 0)
		batch++;
	buf_init(&batch->text, TEXT_MAX);
	add_events(batch);
	if (batch->n == 0) {
		buf_free(&batch->text);
		return false;
	}
	buf_puts(&batch->text, "]}");
	snprintf(batch->id, sizeof(batch->id), "events-%llu", ++l->sequence);
	batch->job = (struct driver_job){
		.invocation = { .id = str_of(batch->id),
				.deadline = clock_now() + l->options.time_ms },
		/* What there was no memory for is no JSON, and fails. */
		.event = batch->text.failed ? STR("") : buf_str(&batch->text),
		.done = on_done, .arg = batch,
	};
	driver_give(l->driver, &batch->job);
	return true;
}

static bool is_busy(const struct listener *l)
{
	for (size_t i = 0; i < l->batch_count; i++)
		if (l->batches[i].n > 0)
			return true;
	return l->health.is_probing;
}

static void on_timer(void *arg)
{
	step(arg);
}

static void set_timer(struct listener *l)
{
	uint64_t due = inbox_due(l->inbox), now = loop_now(l->loop);

	if (waiters_due(&l->waiters) < due)
		due = waiters_due(&l->waiters);
	if (due == UINT64_MAX)
		loop_timer_stop(&l->timer);
	else
		loop_timer_set(l->loop, &l->timer, due > now ? due - now : 0,
			       on_timer, l);
}

/* Do all that can be done now. */
static void step(struct listener *l)
{
	inbox_pass(l->inbox, loop_now(l->loop), l->is_stopping, on_held, l);
	waiters_pass(&l->waiters, loop_now(l->loop), l->is_stopping);
	while (!l->is_stopping && driver_room(l->driver) > 0 &&
	       inbox_next(l->inbox) && give(l))
		;
	set_timer(l);
	if (l->is_stopping && !is_busy(l) && !l->is_ended) {
		l->is_ended = true;
		driver_end(l->driver);
	}
}

/* Health */

/* Tell all who asked. */
static void on_health(void *ctx, bool is_well)
{
	struct listener *l = ctx;
	void (*passes)(void *ctx, bool yes) = l->passes;

	l->passes = NULL;
	if (passes)
		passes(l->passes_ctx, is_well);
	waiters_tell_health(&l->waiters, is_well);
	/* Not now: among the requests that come may be events to be synced. */
	loop_timer_set(l->loop, &l->timer, 0, on_timer, l);
}

static void on_trouble(void *ctx, const struct err *err)
{
	report(ctx, err);
}

void listener_probe(struct listener *l, void (*passes)(void *ctx, bool yes),
		    void *ctx)
{
	l->passes = passes;
	l->passes_ctx = ctx;
	health_ask(&l->health);
}

/* Requests */

static void put_metrics(struct listener *l, struct serve_request *request)
{
	const struct listen_metrics metrics = {
		.counts = &l->counts,
		.statuses = &l->statuses,
		.driver = driver_counts(l->driver),
		.journal = has_journal(l) ? &l->journal.counts : NULL,
		.waiting = inbox_count(l->inbox),
		.connections = serve_connections(l->serve),
		.is_healthy = health_is_well(&l->health),
	};
	struct serve_answer text = { .status = 200, .type = LISTEN_METRICS_TYPE };
	struct buf body;

	buf_init(&body, LISTEN_METRICS_MAX);
	listen_metrics_put(&body, &metrics);
	if (body.failed)
		text.status = 500;
	else
		text.body = buf_str(&body);
	serve_answer(l->serve, request, &text);
	buf_free(&body);
}

/* No room: Ceph would come again after milliseconds. */
static void hold_back(struct listener *l, struct serve_request *request)
{
	l->counts.held_back++;
	serve_drop_body(request);
	waiters_add_refused(&l->waiters, request,
			    loop_now(l->loop) + INBOX_HOLD_MIN_MS);
}

static void wait_for(struct listener *l, struct serve_request *request,
		     struct inbox_event *event)
{
	uint64_t due = loop_now(l->loop);

	if (has_journal(l)) {
		serve_drop_body(request);
		if (event->attempts == 0)
			due += l->options.answer_ms;
	}
	waiters_add(&l->waiters, request, event, due);
}

static void keep(struct listener *l, struct serve_request *request,
		 struct str body)
{
	char name[JOURNAL_NAME_SIZE];
	struct inbox_event *event;
	struct err err;

	if (l->fresh_count == l->fresh_max) {
		hold_back(l, request);
		return;
	}
	if (inbox_count(l->inbox) >= l->options.journal_max) {
		err_set(&err, "JournalFull", "%zu events are not done: no more "
			"is taken", inbox_count(l->inbox));
		report(l, &err);
		hold_back(l, request);
		return;
	}
	if (journal_put(&l->journal, body, name, &err) < 0) {
		report(l, &err);
		hold_back(l, request);
		return;
	}
	event = inbox_add(l->inbox, body, name);
	if (!event) {
		/* It may be done all the same: nobody is told that it is safe. */
		hold_back(l, request);
		return;
	}
	l->fresh[l->fresh_count++] = event;
	l->counts.received++;
	wait_for(l, request, event);
}

static void pass_through(struct listener *l, struct serve_request *request,
			 struct str body)
{
	struct inbox_event *event = inbox_add(l->inbox, body, NULL);

	if (!event) {
		hold_back(l, request);
		return;
	}
	l->counts.received++;
	event->body = body;
	wait_for(l, request, event);
	if (l->health.is_broken) {
		set_why(event, 503, STR("the pipeline passes no marks"));
		inbox_hold(l->inbox, event, loop_now(l->loop));
	}
}

static void join(struct listener *l, struct serve_request *request,
		 struct inbox_event *event, struct str body)
{
	l->counts.repeated++;
	if (event->state == INBOX_KNOWN) {
		event->body = body;
		inbox_add_again(l->inbox, event);
	}
	wait_for(l, request, event);
}

static void on_request(void *ctx, struct serve_request *request)
{
	struct listener *l = ctx;
	struct str body = request->body.p ? buf_str(&request->body) : STR("");
	struct inbox_event *event;

	switch (gatekeeper_way(&l->gatekeeper, request)) {
	case GATEKEEPER_HEALTH:
		waiters_add_health(&l->waiters, request);
		health_ask(&l->health);
		return;
	case GATEKEEPER_METRICS:
		put_metrics(l, request);
		return;
	case GATEKEEPER_EVENT:
		break;
	}
	event = inbox_find(l->inbox, body);
	if (l->is_stopping)
		waiters_answer(&l->waiters, request, 503, "not taken",
			       STR("it is being stopped"));
	else if (event)
		join(l, request, event, body);
	else if (has_journal(l))
		keep(l, request, body);
	else
		pass_through(l, request, body);
}

/* It is not certain that the disk has it: as if it had never come. */
static void take_back(struct listener *l, struct inbox_event *event)
{
	struct err err;

	l->counts.held_back += waiters_take_back(&l->waiters, event,
			loop_now(l->loop) + INBOX_HOLD_MIN_MS);
	if (journal_remove(&l->journal, event->name, &err) < 0)
		report(l, &err);
	inbox_remove(l->inbox, event);
}

/* All events that came together are synced at once, before any is given away. */
static void on_given(void *ctx)
{
	struct listener *l = ctx;
	struct err err;
	bool is_synced = l->fresh_count == 0 ||
		       journal_sync(&l->journal, &err) == 0;

	if (!is_synced)
		report(l, &err);
	while (l->fresh_count > 0) {
		struct inbox_event *event = l->fresh[--l->fresh_count];

		if (is_synced)
			event->is_safe = true;
		else
			take_back(l, event);
	}
	step(l);
}

static const struct serve_answer *on_head(void *ctx,
					  const struct serve_request *request)
{
	const struct listener *l = ctx;

	return gatekeeper_judge(&l->gatekeeper, request);
}

static void on_answered(void *ctx, int status)
{
	struct listener *l = ctx;

	listen_statuses_add(&l->statuses, status);
}

/* The driver */

static void on_ready(void *ctx)
{
	struct listener *l = ctx;

	health_marked(&l->health);
	if (!l->was_ready) {
		l->was_ready = true;
		l->handler->ready(l->ctx);
	}
	step(l);
}

/* Without a journal nobody is let wait for a pipeline that may never run. */
static void on_broken(void *ctx, const struct err *err)
{
	struct listener *l = ctx;
	struct inbox_event *event;

	health_broken(&l->health);
	l->handler->broken(l->ctx, err);
	while (!has_journal(l) && l->health.is_broken &&
	       (event = inbox_next(l->inbox)))
		end_failed(l, event, STR("the pipeline passes no marks"));
	health_ask(&l->health);
	step(l);
}

static void on_record(void *ctx, const struct driver_job *job, struct str line)
{
	struct listener *l = ctx;

	l->handler->record(l->ctx, job, line);
}

static void on_said(void *ctx, const struct driver_job *job, struct str line)
{
	struct listener *l = ctx;

	l->handler->said(l->ctx, job, line);
}

static void on_odd(void *ctx, const struct driver_job *job,
		   const struct err *err)
{
	struct listener *l = ctx;

	(void)job;
	l->handler->report(l->ctx, err);
}

static void on_ended(void *ctx)
{
	struct listener *l = ctx;

	l->handler->ended(l->ctx);
}

/* The journal */

/*
 * Its bytes are read once at the start, so that repeats are known.  An event that
 * cannot be read now may be read later.  Until then its name stands for them.
 */
static int on_found(void *ctx, const char *name, struct err *err)
{
	struct listener *l = ctx;
	struct inbox_event *event;
	struct str bytes = str_of(name);

	if (journal_read(&l->journal, name, &l->body, err) == 0) {
		bytes = l->body.p ? buf_str(&l->body) : STR("");
	} else {
		l->handler->report(l->ctx, err);
		if (err_is(err, "JournalGone"))
			return 0;
	}
	event = inbox_add(l->inbox, bytes, name);
	if (!event)
		return err_memory(err);
	event->is_safe = true;
	return 0;
}

static void on_foreign(void *ctx, const char *name)
{
	struct listener *l = ctx;
	struct err err;

	if (l->foreign++ >= FOREIGN_SHOWN)
		return;
	err_set(&err, "Foreign", "%s is left alone: it is no event of this "
		"journal", name);
	l->handler->report(l->ctx, &err);
}

static int open_journal(struct listener *l, struct err *err)
{
	if (journal_open(&l->journal, l->options.journal, LISTENER_EVENT_MAX,
			 l->options.journal_max, err) < 0)
		return -1;
	return journal_scan(&l->journal, on_found, on_foreign, l, err);
}

/* Birth and death */

static int open_batches(struct listener *l, struct err *err)
{
	l->batch_count = driver_size(l->driver);
	l->batches = calloc(l->batch_count, sizeof(*l->batches));
	for (size_t i = 0; l->batches && i < l->batch_count; i++) {
		l->batches[i].listener = l;
		l->batches[i].events = calloc(l->options.batch,
					      sizeof(struct inbox_event *));
		if (!l->batches[i].events)
			return err_memory(err);
	}
	return l->batches ? 0 : err_memory(err);
}

static int open_all(struct listener *l, struct err *err)
{
	static const struct driver_handler driver = {
		.ready = on_ready, .broken = on_broken, .record = on_record,
		.said = on_said, .odd = on_odd, .ended = on_ended,
	};
	static const struct serve_handler serve = {
		.head = on_head, .request = on_request, .given = on_given,
		.answered = on_answered,
	};

	/* Each connection can bring one event in a turn, or a few. */
	l->fresh_max = 4 * l->options.serve.connections;
	l->fresh = calloc(l->fresh_max, sizeof(struct inbox_event *));
	l->inbox = inbox_new();
	if (!l->fresh || !l->inbox)
		return err_memory(err);
	if (has_journal(l) && open_journal(l, err) < 0)
		return -1;
	l->driver = driver_new(l->loop, &l->options.driver, &driver, l, err);
	if (!l->driver || open_batches(l, err) < 0)
		return -1;
	l->health = (struct health){
		.loop = l->loop, .driver = l->driver,
		.options = &l->options.driver,
		.told = on_health, .report = on_trouble, .ctx = l,
	};
	l->serve = serve_new(l->loop, &l->options.serve, &serve, l, err);
	l->waiters.serve = l->serve;
	return l->serve ? 0 : -1;
}

struct listener *listener_new(struct loop *loop,
			      const struct listener_options *options,
			      const struct listener_handler *handler, void *ctx,
			      struct err *err)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (!l) {
		err_memory(err);
		return NULL;
	}
	l->loop = loop;
	l->options = *options;
	l->options.serve.body_max = LISTENER_EVENT_MAX;
	l->handler = handler;
	l->ctx = ctx;
	l->journal.folder = l->journal.refused = -1;
	waiters_init(&l->waiters);
	gatekeeper_init(&l->gatekeeper, options->path, options->token);
	buf_init(&l->body, LISTENER_EVENT_MAX + JOURNAL_ROOM);
	if (open_all(l, err) == 0)
		return l;
	listener_free(l);
	return NULL;
}

void listener_free(struct listener *l)
{
	if (!l)
		return;
	waiters_end(&l->waiters);
	driver_free(l->driver);
	serve_free(l->serve);
	for (size_t i = 0; l->batches && i < l->batch_count; i++) {
		buf_free(&l->batches[i].text);
		free(l->batches[i].events);
	}
	free(l->batches);
	inbox_free(l->inbox);
	free(l->fresh);
	journal_close(&l->journal);
	loop_timer_stop(&l->timer);
	buf_free(&l->body);
	free(l);
}

void listener_start(struct listener *l)
{
	driver_start(l->driver);
}

int listener_listen(struct listener *l, int fd, struct err *err)
{
	return serve_listen(l->serve, fd, err);
}

void listener_stop(struct listener *l, uint64_t ms)
{
	struct inbox_event *event;

	for (size_t i = 0; i < l->batch_count; i++)
		driver_until(&l->batches[i].job, clock_now() + ms);
	driver_until(&l->health.probe, clock_now() + ms);
	if (l->is_stopping)
		return;
	l->is_stopping = l->health.is_stopping = true;
	while (!has_journal(l) && (event = inbox_next(l->inbox)))
		forget(l, event, 503, "not taken", STR("it is being stopped"));
	waiters_tell_health(&l->waiters, false);
	serve_stop(l->serve);
	step(l);
}

size_t listener_waiting(const struct listener *l)
{
	return inbox_count(l->inbox);
}

const struct listener_counts *listener_counts(const struct listener *l)
{
	return &l->counts;
}
