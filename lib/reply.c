/* SPDX-License-Identifier: Apache-2.0 */
#include "reply.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "reply_event.h"
#include "arena.h"
#include "diag.h"
#include "json.h"
#include "pick.h"
#include "record.h"

enum { LINE_MEMORY_MAX = 8 << 20, TEXT_MEMORY_MAX = 32 << 20,
       RESULT_MAX = 1024 };

/* What is looked at of a line. */
struct line {
	struct str mark, records, error;
	struct str sqs, batch, bucket, key;
	struct str bad, bad_reason;
	struct str gone, gone_code, gone_message;
	struct str failed, code, message, by, retry;
};

static const struct pick_field fields[] = {
#define FIELD(path, member) { path, offsetof(struct line, member), false }
	FIELD("mark", mark), FIELD("records", records), FIELD("error", error),
	FIELD("from.sqs", sqs), FIELD("from.batch", batch),
	FIELD("bucket", bucket), FIELD("key", key),
	FIELD("bad", bad), FIELD("bad.reason", bad_reason),
	FIELD("gone", gone), FIELD("gone.code", gone_code),
	FIELD("gone.message", gone_message),
	FIELD("failed", failed), FIELD("failed.code", code),
	FIELD("failed.message", message), FIELD("failed.by", by),
	FIELD("failed.retry", retry),
#undef FIELD
};

struct reply {
	struct reply_options options;
	struct pick *picker;
	struct arena arena;		/* of one line */
	struct arena texts;		/* of the invocation */
	struct reply_event event;
	struct str id;
	struct reply_counts counts;
	unsigned long long expected;	/* records, as the mark says */
	bool has_expected;
	unsigned long long others;	/* records of no message, no task */
	bool all_failed;		/* it cannot be said which */
	struct err why;			/* the first failure, or what happened */
};

struct reply *reply_new(const struct reply_options *options)
{
	struct reply *reply = calloc(1, sizeof(*reply));

	if (!reply)
		return NULL;
	reply->options = *options;
	arena_init(&reply->arena, LINE_MEMORY_MAX);
	arena_init(&reply->texts, TEXT_MEMORY_MAX);
	reply->picker = pick_new(fields, sizeof(fields) / sizeof(*fields));
	if (!reply->picker) {
		reply_free(reply);
		return NULL;
	}
	return reply;
}

void reply_free(struct reply *reply)
{
	if (!reply)
		return;
	reply_event_free(&reply->event);
	pick_free(reply->picker);
	arena_free(&reply->arena);
	arena_free(&reply->texts);
	free(reply);
}

int reply_begin(struct reply *reply, struct str id, struct str event,
		 struct err *err)
{
	arena_reset(&reply->texts);
	memset(&reply->counts, 0, sizeof(reply->counts));
	memset(&reply->why, 0, sizeof(reply->why));
	reply->expected = reply->others = 0;
	reply->has_expected = reply->all_failed = false;
	reply->id = arena_dup(&reply->texts, id);
	if (!reply->id.p)
		return err_set(err, "OutOfMemory", "out of memory");
	return reply_event_read(&reply->event, event, err);
}

/* Lines */

static void drop_false(struct str *member)
{
	if (str_is(*member, "false"))
		*member = STR_NONE;
}

static enum record_outcome outcome_of(const struct line *line)
{
	if (line->failed.p)
		return RECORD_FAILED;
	if (line->gone.p)
		return RECORD_GONE;
	return line->bad.p ? RECORD_BAD : RECORD_GOOD;
}

static struct str or(struct str s, struct str other)
{
	return s.n > 0 ? s : other;
}

/* Of a task's records the worst counts, of a message's only whether any failed. */
static void set_unit(struct reply *reply, struct reply_unit *unit,
		     const struct line *line, enum record_outcome outcome)
{
	struct str code, text;

	if (unit->got++ > 0 && outcome <= unit->outcome)
		return;
	unit->outcome = outcome;
	unit->retry = !str_is(line->retry, "false");
	if (reply->event.kind != REPLY_BATCH)
		return;
	switch (outcome) {
	case RECORD_GOOD:
		return;
	case RECORD_BAD:
		code = STR("bad");
		text = line->bad_reason;
		break;
	case RECORD_GONE:
		code = STR("gone");
		text = or(line->gone_message, line->gone_code);
		break;
	case RECORD_FAILED:
		code = or(line->code, STR("failed"));
		text = line->message;
		break;
	}
	unit->code = arena_dup(&reply->texts, code);
	unit->text = arena_dup(&reply->texts, text);
}

static void remember_failure(struct reply *reply, const struct line *line)
{
	struct buf text;
	const char *message;

	if (err_is_set(&reply->why))
		return;
	buf_init(&text, sizeof(reply->why.message) * 8);
	if (line->bucket.p) {
		diag_put_object(&text, line->bucket, line->key);
		buf_puts(&text, ": ");
	}
	diag_put(&text, outcome_of(line) == RECORD_GONE ? STR("gone") :
			or(line->code, STR("failed")));
	buf_puts(&text, ": ");
	diag_put(&text, outcome_of(line) == RECORD_GONE ? line->gone_message :
							  line->message);
	message = buf_cstr(&text);
	err_set(&reply->why, "RecordFailed", "%s", message ? message : "");
	buf_free(&text);
}

static void take_record(struct reply *reply, const struct line *line)
{
	enum record_outcome outcome = outcome_of(line);
	bool fails = outcome == RECORD_FAILED ||
		     (outcome == RECORD_GONE && reply->options.gone_fails);
	struct reply_unit *unit;

	reply->counts.records++;
	reply->counts.good += outcome == RECORD_GOOD;
	reply->counts.bad += outcome == RECORD_BAD;
	reply->counts.gone += outcome == RECORD_GONE;
	reply->counts.failed += outcome == RECORD_FAILED;
	if (fails)
		remember_failure(reply, line);
	unit = reply_event_find(&reply->event, or(line->sqs, line->batch));
	if (unit) {
		set_unit(reply, unit, line, outcome);
	} else {
		reply->others++;
		reply->all_failed |= fails;
	}
}

static int take_mark(struct reply *reply, const struct line *line)
{
	if (!str_eq(line->mark, reply->id))
		return 0;
	reply->has_expected = line->records.p &&
		str_number(line->records, &reply->expected) == 0;
	if (line->error.p) {
		reply->all_failed = true;
		err_set(&reply->why, "EventRefused", "%.*s",
			STR_FMT(line->error));
		if (reply->why.message[0] == '\0')
			err_set(&reply->why, "EventRefused",
				"no reason is given");
	}
	return 1;
}

int reply_line(struct reply *reply, struct str text, struct err *err)
{
	struct line line;

	arena_reset(&reply->arena);
	if (pick_object(reply->picker, text, &reply->arena, &line, err) < 0)
		return -1;
	if (line.mark.p)
		return take_mark(reply, &line);
	drop_false(&line.failed);
	drop_false(&line.gone);
	drop_false(&line.bad);
	take_record(reply, &line);
	return 0;
}

/* The end */

/* How many records are lacking that may have come of a message or a task. */
static unsigned long long find_missing(struct reply_event *event)
{
	unsigned long long lacking = 0;

	for (size_t i = 0; i < event->count; i++) {
		struct reply_unit *unit = &event->units[i];

		unit->missing = unit->got < unit->expected;
		if (unit->missing)
			lacking += unit->expected - unit->got;
	}
	return lacking;
}

/*
 * If as many came back as the mark tells of, all is there, though not all that
 * a message holds need have become a record: there are names of events that
 * nobody asked for.
 */
static void end_with_mark(struct reply *reply)
{
	unsigned long long missing;

	if (!reply->has_expected ||
	    reply->counts.records >= reply->expected)
		return;
	missing = reply->expected - reply->counts.records;
	reply->counts.missing = missing;
	if (reply->options.may_drop)
		return;
	reply->counts.failed += missing;
	if (find_missing(&reply->event) < missing)
		reply->all_failed = true;
	if (!err_is_set(&reply->why))
		err_set(&reply->why, "RecordsMissing",
			"a filter left out %llu of %llu records", missing,
			reply->expected);
}

static void end_without_mark(struct reply *reply, const struct err *why)
{
	unsigned long long others = reply->event.others;

	reply->counts.missing = find_missing(&reply->event);
	if (reply->others < others) {
		reply->all_failed = true;
		reply->counts.missing += others - reply->others;
	}
	if (reply->event.kind == REPLY_DIRECT) {
		reply->all_failed = true;
		reply->counts.missing = 1;
	}
	reply->counts.failed += reply->counts.missing;
	reply->why = *why;
}

void reply_end(struct reply *reply, const struct err *why)
{
	if (why)
		end_without_mark(reply, why);
	else
		end_with_mark(reply);
}

const struct reply_counts *reply_counts(const struct reply *reply)
{
	return &reply->counts;
}

/* Has the message, or the task, to come again? */
static bool has_failed(const struct reply *reply,
		       const struct reply_unit *unit)
{
	if (reply->all_failed || unit->missing)
		return true;
	return unit->got > 0 && (unit->outcome == RECORD_FAILED ||
			      (unit->outcome == RECORD_GONE &&
			       reply->options.gone_fails));
}

/* A FIFO queue keeps its order only if all behind the first failed come again. */
static void put_messages(struct buf *out, const struct reply *reply)
{
	const struct reply_event *event = &reply->event;
	bool failed = false, first = true;

	buf_puts(out, "{\"batchItemFailures\":[");
	for (size_t i = 0; i < event->count; i++) {
		failed = has_failed(reply, &event->units[i]) ||
			 (failed && event->is_fifo);
		if (!failed)
			continue;
		buf_puts(out, first ? "{" : ",{");
		json_member(out, "itemIdentifier", event->units[i].id);
		buf_putc(out, '}');
		first = false;
	}
	buf_puts(out, "]}");
}

static const char *result_code(const struct reply *reply,
			       const struct reply_unit *unit)
{
	if (!has_failed(reply, unit))
		return "Succeeded";
	if (unit->got > 0 && !reply->all_failed &&
	    (unit->outcome == RECORD_GONE || !unit->retry))
		return "PermanentFailure";
	return "TemporaryFailure";
}

static void put_result_text(struct buf *text, const struct reply *reply,
			    const struct reply_unit *unit)
{
	if (unit->got > 0 && unit->outcome != RECORD_GOOD) {
		buf_put_str(text, unit->code);
		buf_puts(text, ": ");
		buf_put_str(text, unit->text);
	} else if (has_failed(reply, unit)) {
		buf_printf(text, "%s: %s", reply->why.code,
			   reply->why.message);
	} else {
		buf_puts(text, unit->got > 0 ? "good" : "left out");
	}
	text->n = str_cut_utf8(buf_str(text), RESULT_MAX);
}

static void put_results(struct buf *out, const struct reply *reply)
{
	const struct reply_event *event = &reply->event;
	struct buf text;

	buf_init(&text, RECORD_MAX);
	buf_putc(out, '{');
	json_member(out, "invocationSchemaVersion", event->schema);
	json_member(out, "treatMissingKeysAs", STR("PermanentFailure"));
	json_member(out, "invocationId", event->invocation);
	buf_puts(out, ",\"results\":[");
	for (size_t i = 0; i < event->count; i++) {
		const struct reply_unit *unit = &event->units[i];

		buf_reset(&text);
		put_result_text(&text, reply, unit);
		buf_puts(out, i == 0 ? "{" : ",{");
		json_member(out, "taskId", unit->id);
		json_member(out, "resultCode",
			    str_of(result_code(reply, unit)));
		json_member(out, "resultString", buf_str(&text));
		buf_putc(out, '}');
	}
	buf_puts(out, "]}");
	buf_free(&text);
}

static void put_summary(struct buf *out, const struct reply_counts *counts)
{
	buf_putc(out, '{');
	json_member_number(out, "records", counts->records);
	json_member_number(out, "good", counts->good);
	json_member_number(out, "bad", counts->bad);
	json_member_number(out, "gone", counts->gone);
	buf_putc(out, '}');
}

static int put_direct(struct buf *out, const struct reply *reply,
		      struct err *err)
{
	const struct reply_counts *counts = &reply->counts;
	unsigned long long failed = counts->failed +
		(reply->options.gone_fails ? counts->gone : 0);

	if (failed == 0 && !reply->all_failed) {
		put_summary(out, counts);
		return 0;
	}
	*err = reply->why;
	if (strcmp(err->code, "RecordFailed") == 0)
		err_set(err, "RecordFailed", "%llu of %llu failed: %s", failed,
			counts->records + counts->missing, reply->why.message);
	return -1;
}

int reply_put(struct buf *out, const struct reply *reply, struct err *err)
{
	switch (reply->event.kind) {
	case REPLY_SQS:
		put_messages(out, reply);
		return 0;
	case REPLY_BATCH:
		put_results(out, reply);
		return 0;
	case REPLY_DIRECT:
		break;
	}
	return put_direct(out, reply, err);
}
