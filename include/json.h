/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: reading JSON with yajl's callbacks, picking members out of an object,
 * and writing strings.
 *
 * No tree is ever built.  What is refused: text that is not JSON (RFC 8259) or
 * not UTF-8, an escaped lone surrogate (\ud800: it stands for no character,
 * and guessing one would name another object), nesting deeper than
 * JSON_DEPTH_MAX and strings longer than about JSON_TOKEN_MAX bytes, which
 * bounds the memory a parser takes.  Numbers keep their spelling.
 */
#ifndef S3EV_JSON_H
#define S3EV_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "arena.h"
#include "buf.h"
#include "err.h"
#include "str.h"

enum { JSON_DEPTH_MAX = 512, JSON_TOKEN_MAX = 8 << 20, JSON_DIGITS_MAX = 20 };

enum json_type {
	JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING,
	JSON_OBJECT, JSON_ARRAY
};

/*
 * What is called while a text is read.  Each returns 0 to go on, -1 to stop.
 * text is borrowed for the time of the call: a string decoded, a number as it
 * is spelled, else absent.
 */
struct json_handler {
	int (*scalar)(void *ctx, enum json_type type, struct str text);
	int (*key)(void *ctx, struct str name);
	int (*open)(void *ctx, enum json_type type);
	int (*close)(void *ctx, enum json_type type);
};

struct json_parser;

/*
 * A parser of any number of values one after the other; handler and ctx are
 * borrowed.  NULL if memory is out.
 */
struct json_parser *json_new(const struct json_handler *handler, void *ctx);
void json_free(struct json_parser *parser);

/*
 * Read n more bytes.  Returns -1 with "InvalidJSON" when they cannot be the
 * text's continuation, "Stopped" when a callback said so.  The parser must
 * then be reset.
 */
int json_feed(struct json_parser *parser, const void *bytes, size_t n,
	      struct err *err);

/* The input is at its end: -1 with "InvalidJSON" inside a value. */
int json_end(struct json_parser *parser, struct err *err);

/* Read text, which must be exactly one value.  After -1, reset the parser. */
int json_whole(struct json_parser *parser, struct str text, struct err *err);

/* Begin afresh.  Returns -1 if memory is out. */
int json_reset(struct json_parser *parser);

/*
 * Inside open: read over what is in the object or array that opens; the next
 * call is that of its close.
 */
void json_skip(struct json_parser *parser);

/* Inside a callback: how many bytes of the current json_feed() are read. */
size_t json_position(const struct json_parser *parser);

/*
 * After json_feed() returned -1: how many of its bytes were read, of which the
 * last may be a token that does not belong there.
 */
size_t json_error_position(const struct json_parser *parser);

/*
 * Append s as a JSON string with its quotes.  Bytes that are not UTF-8 come
 * out as U+FFFD, since a record must stay readable whatever a program wrote.
 */
void json_put(struct buf *out, struct str s);

/*
 * For the functions below: room for ,"name": and n bytes more, and the former
 * written; returns where the latter go, or NULL.  The comma stays away if out
 * is empty or ends in an opening brace.  Inline, since the compiler knows most
 * names.
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

/* Write at p, of json_name(): there is room for s with its quotes, or for all digits. */
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
