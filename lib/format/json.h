/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: reading JSON, by callbacks.  json_pick.h picks members out of an object,
 * json_write.h writes them.  yajl reads it, except values that are complete and
 * plain (json_quick.h).
 *
 * The room format reads and writes the formats that come from outside.  No
 * other room calls yajl, expat or zlib.
 *
 * No tree is ever built, so nothing is owned but the parser.  The reader
 * refuses text that is not JSON (RFC 8259) or not UTF-8.  It also refuses an
 * escaped lone surrogate, such as \ud800: that is no character, and guessing
 * one would name another object.  Nesting deeper than JSON_DEPTH_MAX and
 * strings and numbers longer than about JSON_TOKEN_MAX bytes are refused to
 * bound the memory of a parser.  Numbers keep their spelling.
 */
#ifndef S3EV_JSON_H
#define S3EV_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

enum { JSON_DEPTH_MAX = 512, JSON_TOKEN_MAX = 8 << 20 };

enum json_type {
	JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING,
	JSON_OBJECT, JSON_ARRAY
};

/*
 * Callbacks while a text is read.  Each returns 0 to go on, -1 to stop.  text
 * is borrowed for the call: a string decoded, a number as it is spelled, else
 * absent.
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
 * Read n more bytes.  Returns -1 with "InvalidJSON" if they cannot continue the
 * text, with "Stopped" if a callback stopped it, or with "OutOfMemory".  The
 * parser must then be reset.
 */
int json_feed(struct json_parser *parser, const void *bytes, size_t n,
	      struct err *err);

/* The input has ended.  Returns -1 with "InvalidJSON" inside a value. */
int json_end(struct json_parser *parser, struct err *err);

/* Read text, which must be exactly one value.  After -1, reset the parser. */
int json_whole(struct json_parser *parser, struct str text, struct err *err);

/* Begin afresh.  Returns -1 if memory is out. */
int json_reset(struct json_parser *parser);

/*
 * Call this from open() to skip the content of the object or array that opens.
 * The next callback is then its close().
 */
void json_skip(struct json_parser *parser);

/*
 * Inside a callback: how many bytes of the current json_feed() are read; none
 * if the callback is about those before.
 */
size_t json_position(const struct json_parser *parser);

/*
 * After json_feed() returned -1: how many of its bytes were read.  The last of
 * them may be the token that is wrong.
 */
size_t json_error_position(const struct json_parser *parser);

#endif
