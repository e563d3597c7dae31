/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/results.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "record/record.h"

enum { LINE_MEMORY_MAX = 8 << 20, TEXT_MEMORY_MAX = 32 << 20,
       LARGE = 512 << 10 };	/* bytes of an event; see count_if_large() */

struct results {
	struct results_options options;
	struct record_reader *reader;
	struct arena arena;		/* of one line */
	struct arena texts;		/* of the event */
	struct results_event event;
	struct str id, text;		/* the mark's; the event's, borrowed */
	struct results_counts counts;
	bool is_counted;		/* the event's records are */
	unsigned long long expected;	/* records, as the mark says */
	bool has_expected;
	unsigned long long others;	/* records of no message, no task */
	bool all_failed;		/* it cannot be said which */
	struct err why;			/* the first failure, or what happened */
};

struct results *results_new(const struct results_options *options)
{
	struct results *results = calloc(1, sizeof(*results));

	if (!results)
		return NULL;
	results->options = *options;
	arena_init(&results->arena, LINE_MEMORY_MAX);
	arena_init(&results->texts, TEXT_MEMORY_MAX);
	results->reader = record_reader_new();
	if (!results->reader) {
		results_free(results);
		return NULL;
	}
	return results;
}

void results_free(struct results *results)
{
	if (!results)
		return;
	results_event_free(&results->event);
	record_reader_free(results->reader);
	arena_free(&results->arena);
	arena_free(&results->texts);
	free(results);
}

/* Forget the last event. */
static int begin(struct results *results, struct str id, struct str event,
		 struct err *err)
{
	arena_reset(&results->texts);
	memset(&results->counts, 0, sizeof(results->counts));
	memset(&results->why, 0, sizeof(results->why));
	results->expected = results->others = 0;
	results->has_expected = results->all_failed = false;
	results->is_counted = false;
	results->text = event;
	results->id = arena_dup(&results->texts, id);
	return results->id.p ? 0 : err_memory(err);
}

static int count_records(struct results *results, struct err *err)
{
	if (results->is_counted || results->event.kind != RESULTS_MESSAGES)
		return 0;
	results->is_counted = true;
	return results_event_count(&results->event, results->text, err);
}

/*
 * A document needs up to twelve times its length in memory, and one that needs
 * more than s3ev-split takes is refused before it is given to a pipeline.
 */
static int count_if_large(struct results *results, struct err *err)
{
	return results->text.n > LARGE ? count_records(results, err) : 0;
}

int results_begin(struct results *results, struct str id, struct str event,
		  struct err *err)
{
	if (begin(results, id, event, err) < 0)
		return -1;
	if (results_event_read(&results->event, event, err) == 0 &&
	    count_if_large(results, err) == 0)
		return 0;
	results_event_free(&results->event);
	return -1;
}

int results_begin_messages(struct results *results, struct str id,
			   struct str event, const struct str *ids, size_t n,
			   struct err *err)
{
	if (begin(results, id, event, err) < 0)
		return -1;
	if (results_event_take(&results->event, ids, n, err) == 0 &&
	    count_if_large(results, err) == 0)
		return 0;
	results_event_free(&results->event);
	return -1;
}

/* Lines */

static struct str or(struct str s, struct str other)
{
	return s.n > 0 ? s : other;
}

/*
 * The worst of a task's records is reported.  Of a message only a failure
 * matters.
 */
static void set_unit(struct results *results, struct results_unit *unit,
		     const struct record *r, enum record_outcome outcome)
{
	struct str code, text;

	if (unit->got++ > 0 && outcome <= unit->outcome)
		return;
	unit->outcome = outcome;
	unit->retry = !str_is(r->failed_retry, "false");
	if (results->event.kind != RESULTS_TASKS && outcome != RECORD_FAILED)
		return;
	switch (outcome) {
	case RECORD_GOOD:
		return;
	case RECORD_BAD:
		code = STR("bad");
		text = r->bad_reason;
		break;
	case RECORD_GONE:
		code = STR("gone");
		text = or(r->gone_message, r->gone_code);
		break;
	case RECORD_FAILED:
		code = or(r->failed_code, STR("failed"));
		text = r->failed_message;
		break;
	}
	unit->code = arena_dup(&results->texts, code);
	unit->text = arena_dup(&results->texts, text);
}

static void remember_failure(struct results *results, const struct record *r)
{
	struct buf text;
	const char *message;

	if (err_is_set(&results->why))
		return;
	buf_init(&text, sizeof(results->why.message) * 8);
	if (r->bucket.p) {
		diag_put_object(&text, r->bucket, r->key);
		buf_puts(&text, ": ");
	}
	diag_put(&text, record_outcome(r) == RECORD_GONE ? STR("gone") :
			or(r->failed_code, STR("failed")));
	buf_puts(&text, ": ");
	diag_put(&text, record_outcome(r) == RECORD_GONE ? r->gone_message :
							  r->failed_message);
	message = buf_cstr(&text);
	err_set(&results->why, ERR_RECORD_FAILED, "%s", message ? message : "");
	buf_free(&text);
}

/* Is it what s3ev-split makes of something that it will never take? */
static bool is_refusal(const struct record *r)
{
	return str_is(r->failed_by, "s3ev-split") &&
	       str_is(r->failed_retry, "false");
}

static void take_record(struct results *results, const struct record *r)
{
	enum record_outcome outcome = record_outcome(r);
	bool fails = outcome == RECORD_FAILED ||
		     (outcome == RECORD_GONE && results->options.gone_fails);
	struct results_unit *unit;

	results->counts.records++;
	results->counts.good += outcome == RECORD_GOOD;
	results->counts.bad += outcome == RECORD_BAD;
	results->counts.gone += outcome == RECORD_GONE;
	results->counts.failed += outcome == RECORD_FAILED;
	if (fails)
		remember_failure(results, r);
	unit = results_event_find(&results->event, or(r->from_sqs, r->from_batch));
	if (unit) {
		unit->failures += fails;
		unit->refusals += is_refusal(r);
		set_unit(results, unit, r, outcome);
	} else {
		results->others++;
		results->all_failed |= fails;
	}
}

static int take_mark(struct results *results, const struct record *r)
{
	if (!str_eq(r->mark, results->id))
		return 0;
	results->has_expected = r->mark_records.p &&
		str_number(r->mark_records, &results->expected) == 0;
	if (!results->has_expected) {
		results->all_failed = true;
		err_set(&results->why, "RecordsUnknown", "the mark does not say "
			"how many records there were: let it pass as it is");
	}
	if (r->mark_error.p) {
		results->all_failed = true;
		err_set(&results->why, "EventRefused", "%.*s",
			STR_FMT(r->mark_error));
		if (results->why.message[0] == '\0')
			err_set(&results->why, "EventRefused",
				"no reason is given");
	}
	return 1;
}

int results_line(struct results *results, struct str text, struct err *err)
{
	struct record record;

	arena_reset(&results->arena);
	if (record_read(results->reader, text, &results->arena, &record, err) < 0)
		return -1;
	if (record.mark.p)
		return take_mark(results, &record);
	take_record(results, &record);
	return 0;
}

/* The end */

/* How many records have not come back, at most, of messages and tasks. */
static unsigned long long count_lacking(const struct results_event *event)
{
	unsigned long long lacking = 0;

	for (size_t i = 0; i < event->count; i++)
		if (event->units[i].got < event->units[i].expected)
			lacking += event->units[i].expected - event->units[i].got;
	return lacking;
}

/* The same, and each that lacks some fails. */
static unsigned long long find_missing(struct results_event *event)
{
	for (size_t i = 0; i < event->count; i++)
		event->units[i].missing =
			event->units[i].got < event->units[i].expected;
	return count_lacking(event);
}

static unsigned long long less(unsigned long long a, unsigned long long b)
{
	return a > b ? a - b : 0;
}

/*
 * The mark says how many records went out.  That may be fewer than the messages
 * hold, since s3ev-split drops events that nobody asked for.  What lacks beyond
 * those is missing, even if as many came back: one record that came twice does not
 * stand for another.
 */
static unsigned long long count_missing(const struct results *results)
{
	const struct results_event *event = &results->event;
	unsigned long long held = event->others, lacking, by_count;

	for (size_t i = 0; i < event->count; i++)
		held += event->units[i].expected;
	lacking = less(count_lacking(event) +
		       less(event->others, results->others),
		       less(held, results->expected));
	by_count = less(results->expected, results->counts.records);
	return lacking > by_count ? lacking : by_count;
}

/*
 * One record of each message, and no more went out: no message has had two, or
 * another would have none.
 */
static bool is_one_each(const struct results *results)
{
	const struct results_event *event = &results->event;

	if (results->others > 0 || results->counts.records != event->count ||
	    results->expected != event->count)
		return false;
	for (size_t i = 0; i < event->count; i++)
		if (event->units[i].got != 1)
			return false;
	return true;
}

/* What cannot be counted is not known to be done. */
static void count_now(struct results *results)
{
	struct err err;

	if (count_records(results, &err) == 0)
		return;
	results->all_failed = true;
	if (!err_is_set(&results->why))
		results->why = err;
}

static void end_with_mark(struct results *results)
{
	unsigned long long missing;

	if (!results->has_expected || is_one_each(results))
		return;
	count_now(results);
	missing = count_missing(results);
	results->counts.missing = missing;
	if (missing == 0 || results->options.may_drop)
		return;
	results->counts.failed += missing;
	if (find_missing(&results->event) < missing)
		results->all_failed = true;
	if (!err_is_set(&results->why))
		err_set(&results->why, "RecordsMissing",
			"a filter left out %llu of %llu records", missing,
			results->expected);
}

static void end_without_mark(struct results *results, const struct err *why)
{
	unsigned long long others;

	count_now(results);
	others = results->event.others;
	results->counts.missing = find_missing(&results->event);
	if (results->others < others) {
		results->all_failed = true;
		results->counts.missing += others - results->others;
	}
	if (results->event.kind == RESULTS_WHOLE) {
		results->all_failed = true;
		results->counts.missing = 1;
	}
	results->counts.failed += results->counts.missing;
	results->why = *why;
}

void results_end(struct results *results, const struct err *why)
{
	if (why)
		end_without_mark(results, why);
	else
		end_with_mark(results);
}

const struct results_counts *results_counts(const struct results *results)
{
	return &results->counts;
}

const struct results_event *results_event(const struct results *results)
{
	return &results->event;
}

bool results_unit_refused(const struct results *results,
			  const struct results_unit *unit)
{
	return !results->all_failed && !unit->missing && unit->failures > 0 &&
	       unit->failures == unit->refusals;
}

bool results_all_failed(const struct results *results)
{
	return results->all_failed;
}

const struct err *results_why(const struct results *results)
{
	return &results->why;
}

bool results_unit_failed(const struct results *results,
			 const struct results_unit *unit)
{
	if (results->all_failed || unit->missing)
		return true;
	return unit->got > 0 && (unit->outcome == RECORD_FAILED ||
				 (unit->outcome == RECORD_GONE &&
				  results->options.gone_fails));
}

bool results_failed(const struct results *results, struct err *why)
{
	const struct results_counts *counts = &results->counts;
	unsigned long long failed = counts->failed +
		(results->options.gone_fails ? counts->gone : 0);

	if (failed == 0 && !results->all_failed)
		return false;
	if (!why)
		return true;
	*why = results->why;
	if (err_is(why, ERR_RECORD_FAILED))
		err_set(why, ERR_RECORD_FAILED, "%llu of %llu failed: %s",
			failed, counts->records + counts->missing,
			results->why.message);
	return true;
}
