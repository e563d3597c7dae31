/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

/* Escapes are watched beside yajl, which turns a lone surrogate into "?". */
struct escapes {
	enum { ESC_NONE, ESC_BACKSLASH, ESC_HEX } state;
	unsigned digits;
	unsigned code;
	bool high;	/* a high surrogate is waiting for its low half */
};

struct json_parser {
	const struct json_handler *handler;
	void *ctx;
	yajl_handle yajl;
	struct escapes escapes;
	unsigned depth;
	unsigned skipped;	/* depth of the container passed over, or 0 */
	unsigned long long values;
	bool too_deep;
	bool wide;		/* a token of this piece may not be ASCII */
	bool piece_wide;	/* this piece of the text is not */
	bool bad_text;		/* yajl lets overlong forms and surrogates by */
	size_t silent;		/* bytes since anything was called back */
	size_t error_at;
};

static int scalar(struct json_parser *parser, enum json_type type,
		  struct str text)
{
	parser->silent = 0;
	if (parser->skipped)
		return 1;
	if (parser->depth == 0)
		parser->values++;
	return parser->handler->scalar(parser->ctx, type, text) == 0;
}

static int on_null(void *ctx)
{
	return scalar(ctx, JSON_NULL, STR_NONE);
}

static int on_boolean(void *ctx, int value)
{
	return scalar(ctx, value ? JSON_TRUE : JSON_FALSE, STR_NONE);
}

static int on_number(void *ctx, const char *text, size_t n)
{
	return scalar(ctx, JSON_NUMBER, (struct str){ text, n });
}

static bool is_text(struct json_parser *parser, const unsigned char *text,
		    size_t n)
{
	if (!parser->wide)
		return true;
	parser->bad_text = !str_is_utf8((struct str){ (const char *)text, n });
	return !parser->bad_text;
}

static int on_string(void *ctx, const unsigned char *text, size_t n)
{
	if (!is_text(ctx, text, n))
		return 0;
	return scalar(ctx, JSON_STRING, (struct str){ (const char *)text, n });
}

static int on_key(void *ctx, const unsigned char *text, size_t n)
{
	struct json_parser *parser = ctx;

	parser->silent = 0;
	if (!is_text(parser, text, n))
		return 0;
	return parser->skipped ||
	       parser->handler->key(parser->ctx,
				    (struct str){ (const char *)text, n }) == 0;
}

static int open_container(struct json_parser *parser, enum json_type type)
{
	parser->silent = 0;
	if (++parser->depth > JSON_DEPTH_MAX) {
		parser->too_deep = true;
		return 0;
	}
	return parser->skipped || parser->handler->open(parser->ctx, type) == 0;
}

static int close_container(struct json_parser *parser, enum json_type type)
{
	parser->silent = 0;
	if (parser->depth-- == parser->skipped)
		parser->skipped = 0;
	if (parser->skipped)
		return 1;
	if (parser->depth == 0)
		parser->values++;
	return parser->handler->close(parser->ctx, type) == 0;
}

static int on_start_map(void *ctx)
{
	return open_container(ctx, JSON_OBJECT);
}

static int on_end_map(void *ctx)
{
	return close_container(ctx, JSON_OBJECT);
}

static int on_start_array(void *ctx)
{
	return open_container(ctx, JSON_ARRAY);
}

static int on_end_array(void *ctx)
{
	return close_container(ctx, JSON_ARRAY);
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_start_map,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end_map,
	.yajl_start_array = on_start_array,
	.yajl_end_array = on_end_array,
};

int json_reset(struct json_parser *parser)
{
	if (parser->yajl)
		yajl_free(parser->yajl);
	parser->escapes = (struct escapes){ .state = ESC_NONE };
	parser->depth = parser->skipped = 0;
	parser->values = 0;
	parser->too_deep = parser->bad_text = false;
	parser->wide = parser->piece_wide = false;
	parser->silent = 0;
	parser->yajl = yajl_alloc(&callbacks, NULL, parser);
	if (!parser->yajl)
		return -1;
	yajl_config(parser->yajl, yajl_allow_multiple_values, 1);
	return 0;
}

void json_skip(struct json_parser *parser)
{
	parser->skipped = parser->depth;
}

struct json_parser *json_new(const struct json_handler *handler, void *ctx)
{
	struct json_parser *parser = calloc(1, sizeof(*parser));

	if (!parser)
		return NULL;
	parser->handler = handler;
	parser->ctx = ctx;
	if (json_reset(parser) < 0) {
		json_free(parser);
		return NULL;
	}
	return parser;
}

void json_free(struct json_parser *parser)
{
	if (!parser)
		return;
	if (parser->yajl)
		yajl_free(parser->yajl);
	free(parser);
}

static unsigned hex_digit(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return ((unsigned)c | 0x20) - 'a' + 10;
}

/* A \uXXXX is complete: do high and low surrogates come in pairs? */
static bool pair_ok(struct escapes *escapes)
{
	bool high = escapes->code >= 0xD800 && escapes->code <= 0xDBFF;
	bool low = escapes->code >= 0xDC00 && escapes->code <= 0xDFFF;
	bool fits = escapes->high == low;

	escapes->high = high;
	return fits;
}

/*
 * Follow the escapes in the next n bytes; how many there are before a lone
 * surrogate.  What is no well-formed escape is left for yajl to refuse.
 */
static size_t escapes_ok(struct escapes *e, const char *bytes, size_t n)
{
	const char *p = bytes, *end = p + n;

	while (p < end) {
		switch (e->state) {
		case ESC_NONE:
			if (e->high && *p != '\\')
				return (size_t)(p - bytes);
			p = memchr(p, '\\', (size_t)(end - p));
			if (!p)
				return n;
			e->state = ESC_BACKSLASH;
			break;
		case ESC_BACKSLASH:
			if (e->high && *p != 'u')
				return (size_t)(p - bytes);
			e->state = *p == 'u' ? ESC_HEX : ESC_NONE;
			e->digits = e->code = 0;
			break;
		case ESC_HEX:
			e->code = e->code << 4 | (hex_digit((unsigned char)*p) & 15);
			if (++e->digits < 4)
				break;
			e->state = ESC_NONE;
			if (!pair_ok(e))
				return (size_t)(p - bytes);
			break;
		}
		p++;
	}
	return n;
}

/* yajl's message is several lines with a picture; the first says it all. */
static void syntax_error(struct json_parser *parser, const void *bytes,
			 size_t n, struct err *err)
{
	unsigned char *text = yajl_get_error(parser->yajl, 0, bytes, n);
	const char *said = text ? (const char *)text : "parse error";

	err_set(err, "InvalidJSON", "%.*s", (int)strcspn(said, "\n"), said);
	if (text)
		yajl_free_error(parser->yajl, text);
}

/*
 * Pieces that are all ASCII, as most are, need no look at each string.  A token
 * may have begun in the piece before, or further back if nothing was called
 * back since.
 */
static void look_for_wide(struct json_parser *parser, struct str piece)
{
	bool before = parser->piece_wide ||
		      (parser->wide && parser->silent > 0);

	parser->piece_wide = !str_is_ascii(piece);
	parser->wide = parser->piece_wide || before;
}

static int parse(struct json_parser *parser, const void *bytes, size_t n,
		 struct err *err)
{
	look_for_wide(parser, (struct str){ bytes, n });
	parser->silent += n;
	switch (yajl_parse(parser->yajl, bytes, n)) {
	case yajl_status_ok:
		parser->error_at = n;
		if (parser->silent > JSON_TOKEN_MAX)
			return err_set(err, "InvalidJSON",
				       "a string longer than %d bytes",
				       JSON_TOKEN_MAX);
		return 0;
	case yajl_status_client_canceled:
		parser->error_at = yajl_get_bytes_consumed(parser->yajl);
		if (parser->too_deep)
			return err_set(err, "InvalidJSON",
				       "nested deeper than %d levels",
				       JSON_DEPTH_MAX);
		if (parser->bad_text)
			return err_set(err, "InvalidJSON",
				       "text that is not UTF-8");
		return err_set(err, "Stopped", "stopped by the reader");
	case yajl_status_error:
		break;
	}
	syntax_error(parser, bytes, n, err);
	/* A slash is no token here, and not counted as all others are. */
	parser->error_at = yajl_get_bytes_consumed(parser->yajl) +
			   (strstr(err->message, "comment") != NULL);
	return -1;
}

int json_feed(struct json_parser *parser, const void *bytes, size_t n,
	      struct err *err)
{
	size_t good = escapes_ok(&parser->escapes, bytes, n);

	if (parse(parser, bytes, good, err) < 0)
		return -1;
	if (good < n)
		return err_set(err, "InvalidJSON",
			       "a lone surrogate in a string");
	return 0;
}

/* A newline behind the text ends a number and brings a cut-off one to light. */
int json_end(struct json_parser *parser, struct err *err)
{
	if (parser->depth == 0 && json_feed(parser, "\n", 1, err) == 0)
		return 0;
	return err_set(err, "InvalidJSON", "the text is cut off");
}

int json_whole(struct json_parser *parser, struct str text, struct err *err)
{
	unsigned long long before = parser->values;

	if (json_feed(parser, text.p, text.n, err) < 0 ||
	    json_end(parser, err) < 0)
		return -1;
	if (parser->values != before + 1)
		return err_set(err, "InvalidJSON", "not one JSON value");
	return 0;
}

size_t json_error_position(const struct json_parser *parser)
{
	return parser->error_at;
}

size_t json_position(const struct json_parser *parser)
{
	return yajl_get_bytes_consumed(parser->yajl);
}
