/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: reading in pieces and as a whole, writing strings and reading them
 * back, and picking members, compared with yajl's tree.
 */
#include "format/json.h"
#include "format/json_write.h"

#include "fuzz_json.h"
#include "format/json_pick.h"

/* The parser's callbacks, written down as text. */

struct trace {
	struct buf text;
	unsigned depth;
	unsigned limit;		/* stop after this many; 0: never */
};

static int write_down(struct trace *trace, char what, struct str text)
{
	buf_printf(&trace->text, "%c%zu:", what, text.n);
	buf_put_str(&trace->text, text);
	return trace->limit && --trace->limit == 0 ? -1 : 0;
}

static int on_scalar(void *ctx, enum json_type type, struct str text)
{
	CHECK(str_is_utf8(text), "what comes out of JSON is UTF-8");
	return write_down(ctx, (char)('0' + (int)type), text);
}

static int on_key(void *ctx, struct str name)
{
	CHECK(str_is_utf8(name), "what comes out of JSON is UTF-8");
	return write_down(ctx, 'k', name);
}

static int on_open(void *ctx, enum json_type type)
{
	struct trace *trace = ctx;

	CHECK(++trace->depth <= JSON_DEPTH_MAX, "nesting is bounded");
	return write_down(ctx, type == JSON_ARRAY ? '[' : '{', STR_NONE);
}

static int on_close(void *ctx, enum json_type type)
{
	struct trace *trace = ctx;

	CHECK(trace->depth-- > 0, "what is closed was opened");
	return write_down(ctx, type == JSON_ARRAY ? ']' : '}', STR_NONE);
}

static const struct json_handler handler = {
	.scalar = on_scalar, .key = on_key, .open = on_open, .close = on_close,
};

static int feed(struct json_parser *parser, struct str text)
{
	char *copy = fuzz_copy(text);
	struct err err = { .code = "" };
	int status = json_feed(parser, copy, text.n, &err);

	CHECK(status == 0 || json_error_position(parser) <= text.n,
	      "the position of an error is inside");
	CHECK(status == 0 || err_is_set(&err), "an error says why");
	free(copy);
	return status;
}

/* Read text in pieces, or as a whole (random is 0). */
static int trace(struct str text, uint32_t random, struct trace *trace)
{
	struct json_parser *parser = json_new(&handler, trace);
	struct err err;
	int status = 0;

	while (status == 0 && text.n > 0) {
		size_t n = random ? 1 + fuzz_random(&random) % 16 : text.n;

		if (n > text.n)
			n = text.n;
		status = feed(parser, (struct str){ text.p, n });
		text.p += n;
		text.n -= n;
	}
	if (status == 0)
		status = json_end(parser, &err);
	json_free(parser);
	return status;
}

static void check_pieces(struct str text)
{
	uint32_t random = fuzz_seed(text);
	unsigned limit = random % 8 == 0 ? random / 8 % 32 : 0;
	struct trace whole = { .limit = limit }, pieces = { .limit = limit };

	buf_init(&whole.text, 64 << 20);
	buf_init(&pieces.text, 64 << 20);
	CHECK(trace(text, 0, &whole) == trace(text, random, &pieces),
	      "pieces are refused as the whole is");
	CHECK(str_eq(buf_str(&whole.text), buf_str(&pieces.text)),
	      "pieces are read as the whole is");
	buf_free(&whole.text);
	buf_free(&pieces.text);
}

/* Strings: written, and read again. */

static int got_scalar(void *ctx, enum json_type type, struct str text)
{
	CHECK(type == JSON_STRING, "a string is written");
	buf_put_str(ctx, text);
	return 0;
}

static int not_here(void *ctx, struct str name)
{
	(void)ctx;
	(void)name;
	return -1;
}

static int nor_here(void *ctx, enum json_type type)
{
	(void)ctx;
	(void)type;
	return -1;
}

static const struct json_handler one_string = {
	.scalar = got_scalar, .key = not_here, .open = nor_here,
	.close = nor_here,
};

/* s with U+FFFD for each byte that is not part of a character. */
static void put_repaired(struct buf *out, struct str s)
{
	while (s.n > 0) {
		size_t n = 1;

		while (n <= 4 && n <= s.n && !str_is_utf8((struct str){ s.p, n }))
			n++;
		if (n > 4 || n > s.n) {
			n = 1;
			buf_puts(out, "\xEF\xBF\xBD");
		} else {
			buf_put(out, s.p, n);
		}
		s.p += n;
		s.n -= n;
	}
}

static void check_written(struct str text, struct str s)
{
	struct buf got, wanted;
	struct json_parser *parser = json_new(&one_string, &got);
	struct err err;

	buf_init(&got, 64 << 20);
	buf_init(&wanted, 64 << 20);
	CHECK(str_is_utf8(text), "a string is UTF-8");
	for (size_t i = 0; i < text.n; i++)
		CHECK((unsigned char)text.p[i] >= ' ', "a string is one line");
	CHECK(json_whole(parser, text, &err) == 0, "it is one string");
	put_repaired(&wanted, s);
	CHECK(str_eq(buf_str(&got), buf_str(&wanted)),
	      "a string comes back as it was, bad bytes as U+FFFD");
	json_free(parser);
	buf_free(&got);
	buf_free(&wanted);
}

static void check_string(struct str s)
{
	char *copy = fuzz_copy(s);
	struct buf text, member;

	buf_init(&text, 64 << 20);
	buf_init(&member, 64 << 20);
	json_put(&text, (struct str){ copy, s.n });
	json_member(&member, "m", (struct str){ copy, s.n });
	check_written(buf_str(&text), s);
	CHECK(member.n == text.n + 4 && memcmp(member.p, "\"m\":", 4) == 0 &&
	      memcmp(member.p + 4, text.p, text.n) == 0,
	      "a member's value is written like a string");
	buf_free(&text);
	buf_free(&member);
	free(copy);
}

/* Picking */

struct picked {
	struct str a, b, ab, abc, list, text;
};

static const struct json_pick_field fields[] = {
	{ "a", offsetof(struct picked, a), false },
	{ "b", offsetof(struct picked, b), false },
	{ "a.b", offsetof(struct picked, ab), false },
	{ "a.b.c", offsetof(struct picked, abc), false },
	{ "l", offsetof(struct picked, list), false },
	{ "t", offsetof(struct picked, text), true },
};

static void check_value(yajl_val value, struct str got, bool is_text)
{
	if (!value || YAJL_IS_NULL(value) ||
	    (is_text && !YAJL_IS_STRING(value)))
		CHECK(!got.p, "what is not there is absent");
	else if (YAJL_IS_STRING(value))
		CHECK(str_is(got, YAJL_GET_STRING(value)),
		      "a string is picked decoded");
	else if (YAJL_IS_NUMBER(value))
		CHECK(str_is(got, YAJL_GET_NUMBER(value)),
		      "a number is picked as it is spelled");
	else if (YAJL_IS_TRUE(value) || YAJL_IS_FALSE(value))
		CHECK(str_is(got, YAJL_IS_TRUE(value) ? "true" : "false"),
		      "a boolean is picked by its name");
	else
		CHECK(got.n >= 2 && *got.p == (YAJL_IS_ARRAY(value) ? '[' : '{') &&
		      got.p[got.n - 1] == *got.p + 2,
		      "an object or array is picked as it is written");
}

static void check_picked(struct str text, const struct picked *got)
{
	yajl_val a, tree = fuzz_tree(text);

	CHECK(tree && YAJL_IS_OBJECT(tree), "what is taken is an object");
	a = fuzz_last(tree, "a");
	if (fuzz_has_no_nul(text)) {
		check_value(a, got->a, false);
		check_value(fuzz_last(tree, "b"), got->b, false);
		check_value(fuzz_last(tree, "l"), got->list, false);
		check_value(fuzz_last(tree, "t"), got->text, true);
		check_value(fuzz_last(a, "b"), got->ab, false);
		check_value(fuzz_last(fuzz_last(a, "b"), "c"), got->abc, false);
	}
	yajl_tree_free(tree);
}

static void check_pick(struct str text)
{
	static struct json_pick *picker;
	struct arena arena;
	struct picked got;
	struct err err = { .code = "" };
	char *copy = fuzz_copy(text);

	if (!picker)
		picker = json_pick_new(fields, sizeof(fields) / sizeof(*fields));
	arena_init(&arena, 64 << 20);
	if (json_pick_object(picker, (struct str){ copy, text.n }, &arena, &got,
			&err) == 0)
		check_picked(text, &got);
	else
		CHECK(err_is_set(&err), "an error says why");
	arena_free(&arena);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };

	check_pieces(text);
	check_string(text);
	check_pick(text);
	return 0;
}
