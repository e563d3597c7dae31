/* SPDX-License-Identifier: Apache-2.0 */
#include "lambda/reply.h"

#include "format/json_write.h"

enum { RESULT_MAX = 1024 };

/* To keep the order of a FIFO queue, all messages after a failed one fail too. */
static void put_messages(struct buf *out, const struct results *results)
{
	const struct results_event *event = results_event(results);
	bool failed = false, first = true;

	buf_puts(out, "{\"batchItemFailures\":[");
	for (size_t i = 0; i < event->count; i++) {
		failed = results_unit_failed(results, &event->units[i]) ||
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

static const char *result_code(const struct results *results,
			       const struct results_unit *unit)
{
	if (!results_unit_failed(results, unit))
		return "Succeeded";
	if (unit->got > 0 && !results_all_failed(results) &&
	    (unit->outcome == RECORD_GONE || !unit->retry))
		return "PermanentFailure";
	return "TemporaryFailure";
}

static void put_result_text(struct buf *text, const struct results *results,
			    const struct results_unit *unit)
{
	if (unit->got > 0 && unit->outcome != RECORD_GOOD) {
		buf_put_str(text, unit->code);
		buf_puts(text, ": ");
		buf_put_str(text, unit->text);
	} else if (results_unit_failed(results, unit)) {
		buf_printf(text, "%s: %s", results_why(results)->code,
			   results_why(results)->message);
	} else {
		buf_puts(text, unit->got > 0 ? "good" : "left out");
	}
	text->n = str_cut_utf8(buf_str(text), RESULT_MAX);
}

static void put_results(struct buf *out, const struct results *results)
{
	const struct results_event *event = results_event(results);
	struct buf text;

	buf_init(&text, RECORD_MAX);
	buf_putc(out, '{');
	json_member(out, "invocationSchemaVersion", event->schema);
	json_member(out, "treatMissingKeysAs", STR("PermanentFailure"));
	json_member(out, "invocationId", event->invocation);
	buf_puts(out, ",\"results\":[");
	for (size_t i = 0; i < event->count; i++) {
		const struct results_unit *unit = &event->units[i];

		buf_reset(&text);
		put_result_text(&text, results, unit);
		buf_puts(out, i == 0 ? "{" : ",{");
		json_member(out, "taskId", unit->id);
		json_member(out, "resultCode",
			    str_of(result_code(results, unit)));
		json_member(out, "resultString", buf_str(&text));
		buf_putc(out, '}');
	}
	buf_puts(out, "]}");
	buf_free(&text);
}

static void put_summary(struct buf *out, const struct results_counts *counts)
{
	buf_putc(out, '{');
	json_member_number(out, "records", counts->records);
	json_member_number(out, "good", counts->good);
	json_member_number(out, "bad", counts->bad);
	json_member_number(out, "gone", counts->gone);
	buf_putc(out, '}');
}

/* Part of an answer, or nothing, would tell that none has failed. */
static int whole(const struct buf *out, struct err *err)
{
	return out->failed ? err_memory(err) : 0;
}

int reply_put(struct buf *out, const struct results *results, struct err *err)
{
	switch (results_event(results)->kind) {
	case RESULTS_MESSAGES:
		put_messages(out, results);
		return whole(out, err);
	case RESULTS_TASKS:
		put_results(out, results);
		return whole(out, err);
	case RESULTS_WHOLE:
		break;
	}
	if (results_failed(results, err))
		return -1;
	put_summary(out, results_counts(results));
	return whole(out, err);
}
