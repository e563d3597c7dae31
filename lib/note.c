/* SPDX-License-Identifier: Apache-2.0 */
#include "note.h"

#include <stddef.h>
#include <string.h>

#include "pick.h"

struct note {
	struct str code, reason;
	struct str line, column, byte, count;
};

static const struct pick_field fields[] = {
	{ "code", offsetof(struct note, code), true },
	{ "reason", offsetof(struct note, reason), true },
	{ "line", offsetof(struct note, line), false },
	{ "column", offsetof(struct note, column), false },
	{ "byte", offsetof(struct note, byte), false },
	{ "count", offsetof(struct note, count), false },
};

static int parse(struct str text, struct arena *arena, struct note *note,
		 struct err *err)
{
	struct pick *picker = pick_new(fields, sizeof(fields) / sizeof(*fields));
	struct err why;
	int status;

	if (!picker)
		return err_set(err, "OutOfMemory", "out of memory");
	status = pick_object(picker, text, arena, note, &why);
	pick_free(picker);
	if (status < 0)
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
	return code.n > 0 && code.n <= NOTE_CODE_MAX;
}

static int take_number(unsigned long long *number, struct str text,
		       const char *name, struct err *err)
{
	if (text.p && str_number(text, number) < 0)
		return err_set(err, "InvalidNote", "%s is no number: %.*s",
			       name, STR_FMT(text));
	return 0;
}

int note_read(struct str text, struct arena *arena, struct record_bad *bad,
	      struct err *err)
{
	struct record_bad read = *bad;
	struct note note = { .code = STR_NONE };

	if (text.n > NOTE_MAX)
		return err_set(err, "InvalidNote", "more than %d bytes",
			       NOTE_MAX);
	if (parse(text, arena, &note, err) < 0 ||
	    take_number(&read.line, note.line, "line", err) < 0 ||
	    take_number(&read.column, note.column, "column", err) < 0 ||
	    take_number(&read.byte, note.byte, "byte", err) < 0 ||
	    take_number(&read.count, note.count, "count", err) < 0)
		return -1;
	if (note.code.p && !is_code(note.code))
		return err_set(err, "InvalidNote", "code is no short word: "
			       "%.*s", STR_FMT(note.code));
	read.has_count = bad->has_count || note.count.p;
	if (note.code.p)
		read.code = note.code;
	if (note.reason.n > 0)
		read.reason = note.reason;
	*bad = read;
	return 0;
}
