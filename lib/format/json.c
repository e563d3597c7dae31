/* SPDX-License-Identifier: Apache-2.0 */
#include "format/json.h"

#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/buf.h"
#include "format/json_quick.h"

enum { LONG_TOKEN = 1 << 10 };

/* Our own scan of escapes, because yajl turns a lone surrogate into "?". */
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
	bool piece_wide;	/* this piece of the text is not ASCII */
	bool bad_text;		/* a string is bad UTF-8 that yajl accepted */
	size_t silent;		/* bytes since the last callback */
	size_t error_at;

	bool rests;		/* yajl has nothing of a value that goes on */
	size_t offset;		/* of what is parsed, in this piece */
	size_t quick_at;	/* bytes that were read by quick, or 0 */

	/*
	 * yajl reads a token that is not complete from its beginning again with
	 * each piece.  So digits of a number that is long already are held back
	 * until something comes that may end it.
	 */
	struct buf held;
	struct buf plain;	/* a token of quick, without its escapes */
	size_t before;		/* bytes that were held before this piece */

	jmp_buf no_memory;	/* see allocate() */
	void *first;		/* what yajl_alloc() allocated first */

	struct json_quick quick;	/* large, and not cleared */
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

/*
 * yajl does not check what its allocator returns.  So when memory is out, it is
 * left from here, and json_feed() or json_reset() returns -1.  What yajl had so
 * far is whole, and can be freed.
 */
static void *resize(void *ctx, void *p, size_t n)
{
	struct json_parser *parser = ctx;

	p = realloc(p, n);
	if (!p)
		longjmp(parser->no_memory, 1);
	if (!parser->yajl && !parser->first)
		parser->first = p;
	return p;
}

static void *allocate(void *ctx, size_t n)
{
	return resize(ctx, NULL, n);
}

static void release(void *ctx, void *p)
{
	(void)ctx;
	free(p);
}

static int make_yajl(struct json_parser *parser)
{
	yajl_alloc_funcs memory = { allocate, resize, release, parser };

	parser->yajl = parser->first = NULL;
	if (setjmp(parser->no_memory)) {
		free(parser->first);
		return -1;
	}
	parser->yajl = yajl_alloc(&callbacks, &memory, parser);
	yajl_config(parser->yajl, yajl_allow_multiple_values, 1);
	return 0;
}

int json_reset(struct json_parser *parser)
{
	if (parser->yajl)
		yajl_free(parser->yajl);
	buf_free(&parser->held);
	parser->before = 0;
	parser->escapes = (struct escapes){ .state = ESC_NONE };
	parser->depth = parser->skipped = 0;
	parser->values = 0;
	parser->too_deep = parser->bad_text = false;
	parser->wide = parser->piece_wide = false;
	parser->silent = 0;
	parser->rests = true;
	parser->offset = parser->quick_at = 0;
	return make_yajl(parser);
}

void json_skip(struct json_parser *parser)
{
	parser->skipped = parser->depth;
}

struct json_parser *json_new(const struct json_handler *handler, void *ctx)
{
	struct json_parser *parser = malloc(sizeof(*parser));

	if (!parser)
		return NULL;
	memset(parser, 0, offsetof(struct json_parser, quick));
	parser->handler = handler;
	parser->ctx = ctx;
	buf_init(&parser->held, SIZE_MAX / 2);
	buf_init(&parser->plain, SIZE_MAX / 2);
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
	buf_free(&parser->held);
	buf_free(&parser->plain);
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
 * Follow the escapes in the next n bytes.  Returns the number of bytes before a
 * lone surrogate, n if there is none.  Malformed escapes are left for yajl to
 * refuse.
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

/* Keep the first line of yajl's message; the others only draw the place. */
static void syntax_error(struct json_parser *parser, const void *bytes,
			 size_t n, struct err *err)
{
	unsigned char *text = yajl_get_error(parser->yajl, 0, bytes, n);
	const char *said = text ? (const char *)text : "parse error";

	err_set(err, ERR_JSON, "%.*s", (int)strcspn(said, "\n"), said);
	if (text)
		yajl_free_error(parser->yajl, text);
}

/*
 * Strings need no check for UTF-8 if their bytes are all ASCII, as most pieces
 * are.  But a token may have begun in the piece before, or in an earlier one if
 * no callback has come since.
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
			return err_set(err, ERR_JSON,
				       "a string or number longer than %d "
				       "bytes", JSON_TOKEN_MAX);
		return 0;
	case yajl_status_client_canceled:
		parser->error_at = yajl_get_bytes_consumed(parser->yajl);
		if (parser->too_deep)
			return err_set(err, ERR_JSON,
				       "nested deeper than %d levels",
				       JSON_DEPTH_MAX);
		if (parser->bad_text)
			return err_set(err, ERR_JSON,
				       "text that is not UTF-8");
		return err_set(err, ERR_STOPPED, "stopped by the reader");
	case yajl_status_error:
		break;
	}
	syntax_error(parser, bytes, n, err);
	/* yajl counts the wrong token as read, but not a comment's slash. */
	parser->error_at = yajl_get_bytes_consumed(parser->yajl) +
			   (strstr(err->message, "comment") != NULL);
	return -1;
}

/* How many bytes come before a character that only yajl takes for a blank? */
static size_t before_odd_blank(const char *bytes, size_t n)
{
	const char *tab = memchr(bytes, '\v', n), *feed;

	if (tab)
		n = (size_t)(tab - bytes);
	feed = memchr(bytes, '\f', n);
	return feed ? (size_t)(feed - bytes) : n;
}

/* Such a character is wrong anywhere, and yajl says so within a string. */
static int refuse_odd_blank(struct json_parser *parser, const char *bytes,
			    size_t at, struct err *err)
{
	int status;

	parser->offset += at;
	status = parse(parser, bytes + at, 1, err);
	parser->error_at += at;
	if (status < 0)
		return -1;
	return err_set(err, ERR_JSON, "a control character between values");
}

static int feed_yajl(struct json_parser *parser, const char *bytes, size_t n,
		     struct err *err)
{
	size_t even = before_odd_blank(bytes, n);
	size_t good = escapes_ok(&parser->escapes, bytes, even);

	if (parse(parser, bytes, good, err) < 0)
		return -1;
	if (good < even)
		return err_set(err, ERR_JSON,
			       "a lone surrogate in a string");
	return even < n ? refuse_odd_blank(parser, bytes, even, err) : 0;
}

static bool give(struct json_parser *parser, const struct json_token *token)
{
	struct str text;

	switch (token->kind) {
	case JSON_OPEN:
		return open_container(parser, token->type);
	case JSON_CLOSE:
		return close_container(parser, token->type);
	case JSON_KEY:
	case JSON_SCALAR:
		break;
	}
	text = json_quick_text(token, &parser->plain);
	if (parser->plain.failed)
		return false;
	if (token->kind == JSON_SCALAR)
		return scalar(parser, token->type, text);
	return parser->skipped ||
	       parser->handler->key(parser->ctx, text) == 0;
}

/*
 * Read the values that are plain, and the blanks around them.  Sets done to how
 * many bytes that are.
 */
static int feed_quick(struct json_parser *parser, struct str piece,
		      size_t *done, struct err *err)
{
	struct json_quick *quick = &parser->quick;

	for (;;) {
		struct str rest = { piece.p + *done, piece.n - *done };
		size_t blanks = json_quick_blanks(rest), n;

		*done += blanks;
		rest = (struct str){ rest.p + blanks, rest.n - blanks };
		n = json_quick_read(quick, rest);
		if (n == 0)
			return 0;
		for (size_t i = 0; i < quick->count; i++) {
			const struct json_token *token = &quick->tokens[i];

			parser->quick_at = (size_t)(token->end - piece.p);
			if (give(parser, token))
				continue;
			parser->error_at = parser->quick_at;
			return parser->plain.failed ? err_memory(err) :
				err_set(err, ERR_STOPPED,
					"stopped by the reader");
		}
		parser->quick_at = 0;
		*done += n;
	}
}

/* How many bytes there are up to a line that seems to begin a value. */
static size_t lines_size(const char *bytes, size_t n)
{
	size_t size = 0;

	do {
		const char *end = memchr(bytes + size, '\n', n - size);

		size = end ? (size_t)(end - bytes) + 1 : n;
	} while (size < n && bytes[size] != '{' && bytes[size] != '[');
	return size;
}

/*
 * Between two values yajl need not be asked about one that is plain.  It is
 * certain to be there where a line ends outside of all values: it may be in the
 * middle of a number or a string anywhere else.
 */
static int feed(struct json_parser *parser, const char *bytes, size_t n,
		struct err *err)
{
	size_t done = 0, size;

	for (;;) {
		if (parser->rests && feed_quick(parser, (struct str){ bytes, n },
						&done, err) < 0)
			return -1;
		if (done == n)
			return 0;
		size = lines_size(bytes + done, n - done);
		parser->offset = done;
		if (feed_yajl(parser, bytes + done, size, err) < 0) {
			parser->error_at += done;
			return -1;
		}
		done += size;
		parser->rests = parser->depth == 0 && bytes[done - 1] == '\n';
	}
}

/* Characters that end neither a number nor a string. */
static bool is_number_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < '0' || s.p[i] > '9') &&
		    (!memchr("+-.eE", s.p[i], 5)))
			return false;
	return s.n > 0;
}

static int hold(struct json_parser *parser, struct str piece, struct err *err)
{
	if (piece.n > JSON_TOKEN_MAX - parser->held.n)
		return err_set(err, ERR_JSON, "a string or number longer than "
			       "%d bytes", JSON_TOKEN_MAX);
	buf_put_str(&parser->held, piece);
	return parser->held.failed ? err_memory(err) : 0;
}

static int feed_held(struct json_parser *parser, struct str piece,
		     struct err *err)
{
	int status;

	parser->before = parser->held.n;
	buf_put_str(&parser->held, piece);
	if (parser->held.failed)
		return err_memory(err);
	status = feed(parser, parser->held.p, parser->held.n, err);
	parser->error_at -= parser->error_at < parser->before ?
			    parser->error_at : parser->before;
	parser->before = 0;
	buf_free(&parser->held);
	return status;
}

int json_feed(struct json_parser *parser, const void *bytes, size_t n,
	      struct err *err)
{
	struct str piece = { bytes, n };

	parser->error_at = n;
	if (setjmp(parser->no_memory))
		return err_memory(err);
	if (parser->silent > LONG_TOKEN && is_number_text(piece))
		return hold(parser, piece, err);
	if (parser->held.n > 0)
		return feed_held(parser, piece, err);
	return feed(parser, bytes, n, err);
}

/* A newline at the end completes a number, and shows if a token is cut off. */
int json_end(struct json_parser *parser, struct err *err)
{
	if (parser->depth == 0 && json_feed(parser, "\n", 1, err) == 0)
		return 0;
	return err_set(err, ERR_JSON, "the text is cut off");
}

int json_whole(struct json_parser *parser, struct str text, struct err *err)
{
	unsigned long long before = parser->values;

	if (json_feed(parser, text.p, text.n, err) < 0 ||
	    json_end(parser, err) < 0)
		return -1;
	if (parser->values != before + 1)
		return err_set(err, ERR_JSON, "not one JSON value");
	return 0;
}

size_t json_error_position(const struct json_parser *parser)
{
	return parser->error_at;
}

size_t json_position(const struct json_parser *parser)
{
	size_t n = parser->quick_at ? parser->quick_at : parser->offset +
		   yajl_get_bytes_consumed(parser->yajl);

	return n < parser->before ? 0 : n - parser->before;
}
