/* SPDX-License-Identifier: Apache-2.0 */
/* json: picking members, writing strings. */
#include <stddef.h>
#include <stdlib.h>

#include "json.h"
#include "pick.h"
#include "tap.h"

struct picked {
	struct str a, b, nested, deep, only;
};

static const struct pick_field fields[] = {
	{ "a", offsetof(struct picked, a), false },
	{ "b", offsetof(struct picked, b), false },
	{ "nested", offsetof(struct picked, nested), false },
	{ "nested.deep", offsetof(struct picked, deep), false },
	{ "unasked.only", offsetof(struct picked, only), false },
};

static struct pick *picker;
static struct arena arena;

static int pick(struct str text, struct picked *picked, struct err *err)
{
	arena_reset(&arena);
	return pick_object(picker, text, &arena, picked, err);
}

static void test_pick(void)
{
	struct picked p;
	struct err err;

	ok(pick(STR("{\"a\":1e400,\"b\":\"x\\u0000y\"}"), &p, &err) == 0 &&
	   str_is(p.a, "1e400") && p.b.n == 3, "numbers as spelled, NULs kept");
	ok(pick(STR("{\"a\":true,\"b\":null}"), &p, &err) == 0 &&
	   str_is(p.a, "true") && !p.b.p, "true is text, null is absent");
	ok(pick(STR(" {\"nested\" : {\"deep\":\"d\",\"x\":[1]} } "), &p,
		&err) == 0 && str_is(p.deep, "d") &&
	   str_is(p.nested, "{\"deep\":\"d\",\"x\":[1]}"),
	   "an object as it is written, and what is in it");
	ok(pick(STR("{\"nested\":[{\"deep\":1}],\"a\":[2]}"), &p, &err) == 0 &&
	   !p.deep.p && str_is(p.a, "[2]"), "arrays are not entered");
	ok(pick(STR("{\"nested.deep\":1,\"x\":{\"a\":2}}"), &p, &err) == 0 &&
	   !p.deep.p && !p.a.p, "a dot in a name does not deceive");
	ok(pick(STR("{\"\":{\"a\":1},\"nested\":{\"\":2}}"), &p, &err) == 0 &&
	   !p.a.p && str_is(p.nested, "{\"\":2}"),
	   "nor does one that is empty");
	ok(pick(STR("{\"nested\":{\"deep\":1},\"nested\":{}}"), &p, &err) == 0 &&
	   !p.deep.p && str_is(p.nested, "{}"),
	   "and takes what was in the first with it");
	ok(pick(STR("{\"unasked\":{\"only\":1},\"unasked\":null}"), &p,
		&err) == 0 && !p.only.p, "also where nobody asks for the whole");
	ok(pick(STR("{\"a\":1,\"a\":2}"), &p, &err) == 0 && str_is(p.a, "2"),
	   "the last of two wins");
}

static void test_refuse(void)
{
	static const char *const bad[] = {
		"", " ", "1", "[]", "\"a\"", "{", "{\"a\":1", "{}{}", "{} 1",
		"{\"a\":1}x", "{'a':1}", "{\"a\":01}", "{\"a\":\"\xFF\"}",
		"{\"a\":\"\\ud800\"}", "{\"a\":\"\\ud800x\"}",
		"{\"a\":\"\\udc00\"}", "{\"a\":\"\\ud800\\u0041\"}",
		"{\"\\ud800\":1}", "{\"a\":\"tab\there\"}", "{\"a\":tru",
		"nul", "{\"a\":\"\\x\"}",
	};
	struct picked p;
	struct err err;
	char *deep = malloc(2000);

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ok(pick(str_of(bad[i]), &p, &err) < 0 &&
		   strcmp(err.code, "InvalidJSON") == 0, "refused: %s", bad[i]);
		ok(pick(STR("{\"a\":5}"), &p, &err) == 0 && str_is(p.a, "5"),
		   "and the next one is read");
	}
	ok(pick(STR("{\"a\":\"\\ud83d\\ude00\"}"), &p, &err) == 0 &&
	   str_is(p.a, "\xF0\x9F\x98\x80"), "a pair of surrogates is right");
	ok(pick(STR("{\"a\":\"\\\\ud800\"}"), &p, &err) == 0 &&
	   str_is(p.a, "\\ud800"), "a backslash that is escaped is none");
	memset(deep, '[', 1000);
	memcpy(deep, "{\"a\":", 5);
	ok(pick((struct str){ deep, 1000 }, &p, &err) < 0 &&
	   strstr(err.message, "deeper"), "depth is bounded");
	free(deep);
}

static void test_put(void)
{
	static const struct {
		struct str in;
		const char *out;
	} cases[] = {
		{ { "", 0 }, "\"\"" },
		{ { "plain", 5 }, "\"plain\"" },
		{ { "a\"b\\c/", 6 }, "\"a\\\"b\\\\c/\"" },
		{ { "\b\f\n\r\t", 5 }, "\"\\b\\f\\n\\r\\t\"" },
		{ { "\0\x1F\x7F", 3 }, "\"\\u0000\\u001f\x7F\"" },
		{ { "\xC3\xA9\xF0\x9F\x98\x80", 6 },
		  "\"\xC3\xA9\xF0\x9F\x98\x80\"" },
		{ { "a\xFFz\xC3", 4 }, "\"a\xEF\xBF\xBDz\xEF\xBF\xBD\"" },
	};
	struct buf out;

	buf_init(&out, 1000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buf_reset(&out);
		json_put(&out, cases[i].in);
		is(out.p, out.n, cases[i].out, "a string is written");
	}
	buf_reset(&out);
	json_member(&out, "a", STR("1"));
	json_member(&out, "none", STR_NONE);
	json_member_open(&out, "o");
	json_member_number(&out, "n", 18446744073709551615ULL);
	json_member_number(&out, "z", 0);
	json_member_bool(&out, "t", true);
	buf_putc(&out, '}');
	is(out.p, out.n,
	   "\"a\":\"1\",\"o\":{\"n\":18446744073709551615,\"z\":0,\"t\":true}",
	   "members with commas where they belong");
	buf_free(&out);
}

/* What is called back, as letters; "skip" has what is in it passed over. */
struct calls {
	struct json_parser *parser;
	struct buf seen;
	bool skips;
};

static int see_scalar(void *ctx, enum json_type type, struct str text)
{
	struct calls *calls = ctx;

	(void)text;
	buf_putc(&calls->seen, type == JSON_STRING ? 's' : 'n');
	return 0;
}

static int see_key(void *ctx, struct str name)
{
	struct calls *calls = ctx;

	calls->skips = str_is(name, "skip");
	buf_put_str(&calls->seen, name);
	return 0;
}

static int see_open(void *ctx, enum json_type type)
{
	struct calls *calls = ctx;

	if (calls->skips)
		json_skip(calls->parser);
	calls->skips = false;
	buf_putc(&calls->seen, type == JSON_OBJECT ? '{' : '[');
	return 0;
}

static int see_close(void *ctx, enum json_type type)
{
	struct calls *calls = ctx;

	buf_putc(&calls->seen, type == JSON_OBJECT ? '}' : ']');
	return 0;
}

static const struct json_handler seeing = {
	see_scalar, see_key, see_open, see_close
};

/* Parse text in pieces of size bytes; 0 if it is good. */
static int feed(struct calls *calls, struct str text, size_t size)
{
	struct err err;
	int status = 0;

	*calls = (struct calls){ .parser = json_new(&seeing, calls) };
	buf_init(&calls->seen, 1000);
	for (size_t i = 0; i < text.n && status == 0; i += size)
		status = json_feed(calls->parser, text.p + i,
				   size < text.n - i ? size : text.n - i, &err);
	if (status == 0)
		status = json_end(calls->parser, &err);
	json_free(calls->parser);
	return status;
}

static void test_skip(void)
{
	static const struct str text = STR("{\"a\":1,\"skip\":{\"b\":[{}],"
		"\"skip\":[\"x\"]},\"skip\":[[1],2],\"c\":[\"d\",3]} [4]");

	for (size_t size = 1; size <= text.n; size++) {
		struct calls calls;

		ok(feed(&calls, text, size) == 0 &&
		   str_is(buf_str(&calls.seen), "{anskip{}skip[]c[sn]}[n]"),
		   "what is skipped is not called back, %zu bytes at once",
		   size);
		buf_free(&calls.seen);
	}
}

/* In the piece that is being read, the one before, or long ago. */
static void test_pieces(void)
{
	static const struct str bad[] = {
		STR("[\"ascii\",\"\xED\xA0\x80 and more ascii behind it\"]"),
		STR("{\"skip\":{\"\xC0\xAF 0123456789abcdef\":1},\"a\":2}"),
		STR("[\"\xF4\x90\x80\x80\",\"b\"]"),
	};
	static const struct str good =
		STR("[\"a\",\"\xC3\xA9\",\"0123456789\",{\"\xE2\x82\xAC\":\"b\"}]");
	struct calls calls;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		size_t let_by = 0;

		for (size_t size = 1; size <= bad[i].n; size++) {
			let_by += feed(&calls, bad[i], size) == 0;
			buf_free(&calls.seen);
		}
		ok(let_by == 0, "text that is no UTF-8, in pieces: %zu", i);
	}
	for (size_t size = 1; size <= good.n; size++) {
		ok(feed(&calls, good, size) == 0, "UTF-8, %zu bytes at once",
		   size);
		buf_free(&calls.seen);
	}
}

static void test_position(void)
{
	static const char *const texts[] = { "{\"a\"{", "{\"a\"/", " {/ }" };
	static const size_t want[] = { 5, 5, 3 };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct calls calls = { .skips = false };
		struct json_parser *parser = json_new(&seeing, &calls);
		struct err err;

		buf_init(&calls.seen, 1000);
		ok(json_feed(parser, texts[i], strlen(texts[i]), &err) < 0 &&
		   json_error_position(parser) == want[i],
		   "an error is behind the wrong token: %s", texts[i]);
		json_free(parser);
		buf_free(&calls.seen);
	}
}

int main(void)
{
	arena_init(&arena, 100000);
	picker = pick_new(fields, sizeof(fields) / sizeof(*fields));
	test_pick();
	test_refuse();
	test_put();
	test_skip();
	test_pieces();
	test_position();
	pick_free(picker);
	arena_free(&arena);
	return done();
}
