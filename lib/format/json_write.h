/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_write: strings and members of an object, appended to a buffer.
 *
 * Errors stick to the buffer: the caller looks once, at the end.  Braces and
 * brackets are the caller's; commas between members are written here.
 */
#ifndef S3EV_JSON_WRITE_H
#define S3EV_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"

/*
 * Append s as a JSON string with its quotes.  Bytes that are not UTF-8 become
 * U+FFFD: a record must stay readable, whatever a program wrote.  Characters
 * that text_is_hidden() are escaped: a record is also shown on terminals.
 */
void json_put(struct buf *out, struct str s);

/*
 * Append json, well-formed text, so that it can be shown: the same value on one
 * line, with what text_is_hidden() escaped.
 */
void json_put_shown(struct buf *out, struct str json);

enum { JSON_DIGITS_MAX = 20 };	/* of an unsigned long long */

/*
 * For the functions below: append ,"name": and make room for n bytes after it.
 * Returns where those go, or NULL.  There is no comma if out is empty or ends
 * in an opening brace.  Inline, because the compiler knows most names.
 */
static inline char *json_name(struct buf *out, const char *name, size_t n)
{
	size_t length = strlen(name);
	char *p = buf_room(out, length + 4 + n);

	if (!p)
		return NULL;
	*p = ',';
	p += out->n > 0 && p[-1] != '{';
	*p++ = '"';
	memcpy(p, name, length);
	p += length;
	*p++ = '"';
	*p++ = ':';
	return p;
}

/*
 * Write a value at p, which json_name() has returned.  There is room for s with
 * its quotes, or for JSON_DIGITS_MAX digits.
 */
void json_string_at(struct buf *out, char *p, struct str s);
void json_number_at(struct buf *out, char *p, unsigned long long value);

/* Append "name":value; an absent value appends nothing. */
static inline void json_member(struct buf *out, const char *name,
			       struct str value)
{
	char *p = value.p ? json_name(out, name, value.n + 2) : NULL;

	if (p)
		json_string_at(out, p, value);
}

static inline void json_member_number(struct buf *out, const char *name,
				      unsigned long long value)
{
	char *p = json_name(out, name, JSON_DIGITS_MAX);

	if (p)
		json_number_at(out, p, value);
}

void json_member_bool(struct buf *out, const char *name, bool value);

/* The same for "name":{ ; the caller closes it with a brace. */
void json_member_open(struct buf *out, const char *name);

#endif
