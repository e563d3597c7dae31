/* SPDX-License-Identifier: Apache-2.0 */
#include "processor/verdict.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "format/json_pick.h"

enum { SHOWN_MAX = 80 };

struct note {
	struct str code, reason;
	struct str line, column, byte, count;
};

static const struct json_pick_field note_fields[] = {
	{ "code", offsetof(struct note, code), true },
	{ "reason", offsetof(struct note, reason), true },
	{ "line", offsetof(struct note, line), false },
	{ "column", offsetof(struct note, column), false },
	{ "byte", offsetof(struct note, byte), false },
	{ "count", offsetof(struct note, count), false },
};

static int parse_note(struct str text, struct arena *arena, struct note *note,
		 struct err *err)
{
	struct err why;

	if (json_pick(note_fields, sizeof(note_fields) / sizeof(*note_fields),
		      text, arena, note, &why) < 0)
		return err_set(err, "InvalidNote", "%s", why.message);
	return 0;
}

static bool is_code(struct str code)
{
	for (size_t i = 0; i < code.n; i++)
		if (code.p[i] == '\0' ||
		    !strchr("abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
			    code.p[i]))
			return false;
	return code.n > 0 && code.n <= VERDICT_CODE_MAX;
}

static int take_number(unsigned long long *number, struct str text,
		       const char *name, struct err *err)
{
	if (text.p && str_number(text, number) < 0)
		return err_set(err, "InvalidNote", "%s is not a number: %.*s",
			       name, STR_FMT(text));
	return 0;
}

int verdict_read_bad(struct str text, struct arena *arena, struct record_bad *bad,
	      struct err *err)
{
	struct record_bad read = *bad;
	struct note note = { .code = STR_NONE };

	if (text.n > VERDICT_BAD_MAX)
		return err_set(err, "InvalidNote", "more than %d bytes",
			       VERDICT_BAD_MAX);
	if (parse_note(text, arena, &note, err) < 0 ||
	    take_number(&read.line, note.line, "line", err) < 0 ||
	    take_number(&read.column, note.column, "column", err) < 0 ||
	    take_number(&read.byte, note.byte, "byte", err) < 0 ||
	    take_number(&read.count, note.count, "count", err) < 0)
		return -1;
	if (note.code.p && !is_code(note.code))
		return err_set(err, "InvalidNote", "code is not a short word: "
			       "%.*s", STR_FMT(note.code));
	read.has_count = bad->has_count || note.count.p;
	if (note.code.p)
		read.code = note.code;
	if (note.reason.n > 0)
		read.reason = note.reason;
	*bad = read;
	return 0;
}

/* A line of a worker */

struct worker_line {
	struct str id;
	struct str good, bad;
	struct str failed, message, retry;
	struct str other;	/* the name of a member that is none of these */
};

static const struct json_pick_field answer_fields[] = {
	{ "id", offsetof(struct worker_line, id), true },
	{ "good", offsetof(struct worker_line, good), false },
	{ "bad", offsetof(struct worker_line, bad), false },
	{ "failed", offsetof(struct worker_line, failed), false },
	{ "failed.message", offsetof(struct worker_line, message), true },
	{ "failed.retry", offsetof(struct worker_line, retry), false },
	{ JSON_PICK_OTHER, offsetof(struct worker_line, other), false },
};

static enum record_outcome invalid(struct err *err, const char *why)
{
	err_set(err, ERR_ANSWER, "the processor's answer is not valid: %s",
		why);
	err->retry = true;
	return RECORD_FAILED;
}

/* It may be a line that was meant for a log: who sees it knows where to look. */
static enum record_outcome no_json(struct str line, const struct err *why,
				   struct err *err)
{
	size_t n = str_cut_utf8(line, SHOWN_MAX);
	char text[SHOWN_MAX + sizeof(why->message) + sizeof(": ...")];

	snprintf(text, sizeof(text), "%s: %.*s%s", why->message, (int)n,
		 line.p, n < line.n ? "..." : "");
	return invalid(err, text);
}

static enum record_outcome bad_answer(const struct worker_line *answer,
				      struct arena *arena,
				      struct record_bad *bad, struct err *err)
{
	struct err why;

	if (verdict_read_bad(answer->bad, arena, bad, &why) < 0)
		return invalid(err, why.message);
	if (bad->reason.n == 0)
		bad->reason = STR("the processor gave no reason");
	return RECORD_BAD;
}

static enum record_outcome failed_answer(const struct worker_line *answer,
					 struct err *err)
{
	if (*answer->failed.p != '{')
		return invalid(err, "failed is not an object");
	err_set(err, "ProcessorFailed", "the processor failed%s%.*s",
		answer->message.n > 0 ? ": " : "", STR_FMT(answer->message));
	err->retry = !str_is(answer->retry, "false");
	return RECORD_FAILED;
}

enum record_outcome verdict_read(struct str line, struct str id,
				struct arena *arena, struct record_bad *bad,
				struct err *err)
{
	struct worker_line answer = { .good = STR_NONE };
	struct err why;

	if (json_pick(answer_fields,
		      sizeof(answer_fields) / sizeof(*answer_fields), line,
		      arena, &answer, &why) < 0)
		return no_json(line, &why, err);
	if (answer.id.p && !str_eq(answer.id, id))
		return invalid(err, "it is about another record");
	if ((answer.good.p != NULL) + (answer.bad.p != NULL) +
	    (answer.failed.p != NULL) > 1)
		return invalid(err, "it tells more than one outcome");
	if (answer.bad.p)
		return bad_answer(&answer, arena, bad, err);
	if (answer.failed.p)
		return failed_answer(&answer, err);
	if (answer.good.p && !str_is(answer.good, "true"))
		return invalid(err, "good is not true");
	/* What tells nothing bad may be about something else: a line of a log. */
	if (!answer.good.p && answer.other.p)
		return invalid(err, "it tells no outcome");
	return RECORD_GOOD;
}
