/* SPDX-License-Identifier: Apache-2.0 */
/* json: reading in pieces, picking members, writing strings. */
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include "format/json.h"
#include "format/json_each.h"
#include "format/json_pick.h"
#include "format/json_quick.h"
#include "format/json_write.h"
#include "tap.h"

struct picked {
	struct str a, b, nested, deep, only;
};

static const struct json_pick_field fields[] = {
	{ "a", offsetof(struct picked, a), false },
	{ "b", offsetof(struct picked, b), false },
	{ "nested", offsetof(struct picked, nested), false },
	{ "nested.deep", offsetof(struct picked, deep), false },
	{ "unasked.only", offsetof(struct picked, only), false },
};

static struct json_pick *picker;
static struct arena arena;

static int pick(struct str text, struct picked *picked, struct err *err)
{
	arena_reset(&arena);
	return json_pick_object(picker, text, &arena, picked, err);
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

/* JSON_PICK_OTHER: what the object has besides. */
static void test_other(void)
{
	static const struct json_pick_field some[] = {
		{ "a", offsetof(struct picked, a), false },
		{ JSON_PICK_OTHER, offsetof(struct picked, b), false },
		{ "nested", offsetof(struct picked, nested), false },
		{ "nested.deep", offsetof(struct picked, deep), false },
	};
	static const struct {
		const char *text, *other;	/* NULL: none */
	} rows[] = {
		{ "{}", NULL },
		{ "{\"a\":null,\"nested\":{\"x\":1,\"deep\":2}}", NULL },
		{ "{\"a\":[{\"x\":1}]}", NULL },
		{ "{\"a\":1,\"x\":null}", "x" },
		{ "{\"x\":{\"a\":1},\"a\":1}", "x" },
		{ "{\"*\":1}", "*" },
		{ "{\"\":1}", "" },
		{ "{\"nested.deep\":1}", "nested.deep" },
		{ "{\"A\":1}", "A" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct picked p = { .b = STR_NONE };
		struct err err;

		arena_reset(&arena);
		ok(json_pick(some, sizeof(some) / sizeof(*some),
			     str_of(rows[i].text), &arena, &p, &err) == 0 &&
		   (p.b.p != NULL) == (rows[i].other != NULL) &&
		   (!p.b.p || str_is(p.b, rows[i].other)),
		   "what else is in %s", rows[i].text);
	}
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
		"{\"a\":\v1}", "{\f\"a\":1}", "{\"a\":\"\\u0041\f\"}",
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
		{ { "\0\x1F\x7F", 3 }, "\"\\u0000\\u001f\\u007f\"" },
		{ { "1234567\x7F", 8 }, "\"1234567\\u007f\"" },
		{ { "\xC2\x9B\xE2\x80\xAE\xE2\x80\xA8\xEF\xBB\xBF", 11 },
		  "\"\\u009b\\u202e\\u2028\\ufeff\"" },
		{ { "\xF3\xA0\x81\x81", 4 }, "\"\\udb40\\udc41\"" },
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

/* Callbacks as letters; what is in a member "skip" is skipped. */
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

/* A token that began in this piece, in the one before, or long before. */
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

/* What is plain is taken to its end, all else is left to yajl. */
static void test_quick(void)
{
	static const char *const taken[] = {
		"{}", "[]", "[[],{},[]]", "{\"\":0}",
		"{\"a\":[1,-0.5e+3,10E-2,true,false,null,\"x\"],\"b\":{}}",
		"{ \"a\" : [ 1 , { } ] ,\r\n\t\"0123456789abcdef\" : \"12345678\" }",
		"[\"12345678\\n\",\"\\\\\",\"\\\"\"]",
	};
	static const char *const left[] = {
		"", " {}", "1", "\"a\"", "null", "{", "[", "{\"a\":1", "[1", "[1,",
		"[\"\\u0041\"]", "[\"\\x\"]", "[\"\\", "[\"\\\"]", "[\"\xC3\xA9\"]", "[\"1234567\xC3\xA9\"]",
		"[\"a\tb\"]", "[\"12345678\n\"]", "[\"a]", "[01]", "[-]", "[1.]",
		"[.5]", "[1e]", "[1e+]", "[+1]", "[1x]", "[nul]", "[nullx]",
		"[True]", "[1,]", "[,1]", "[,]", "[1 2]", "[[]1]", "[{}{}]",
		"[}", "{]", "[[}]", "{\"a\"}", "{\"a\":}", "{\"a\" 1}",
		"{\"a\":1,}", "{\"a\":1\"b\":2}", "{,}", "{1:2}", "{a:1}",
		"{\"a\":1:2}", "[\"a\":1]", "{\"a\",\"b\"}", "[/**/]", "[\v1]",
	};
	struct json_quick *quick = malloc(sizeof(*quick));
	char text[2 * JSON_QUICK_TOKENS];
	size_t n = JSON_QUICK_DEPTH;

	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		snprintf(text, sizeof(text), "%s{\"next\"", taken[i]);
		ok(json_quick_read(quick, str_of(text)) == strlen(taken[i]),
		   "plain: %s", taken[i]);
	}
	for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++)
		ok(json_quick_read(quick, str_of(left[i])) == 0,
		   "not taken: %s", left[i]);
	memset(text, '[', n);
	memset(text + n, ']', n);
	ok(json_quick_read(quick, (struct str){ text, 2 * n }) == 2 * n &&
	   quick->count == 2 * n, "as deep as it may be");
	memset(text, '[', n + 1);
	memset(text + n + 1, ']', n + 1);
	ok(json_quick_read(quick, (struct str){ text, 2 * n + 2 }) == 0,
	   "deeper");
	n = 2 * (JSON_QUICK_TOKENS - 2) + 1;
	for (size_t i = 0; i < n; i++)
		text[i] = i == 0 ? '[' : i == n - 1 ? ']' : i % 2 ? '1' : ',';
	ok(json_quick_read(quick, (struct str){ text, n }) == n &&
	   quick->count == JSON_QUICK_TOKENS, "as many tokens as there may be");
	memcpy(text + n - 1, ",1]", 3);
	ok(json_quick_read(quick, (struct str){ text, n + 2 }) == 0, "more");
	free(quick);
}

static int put_text(void *ctx, struct str text)
{
	buf_put_str(ctx, text);
	buf_putc(ctx, '|');
	return 0;
}

static int text_of_scalar(void *ctx, enum json_type type, struct str text)
{
	(void)type;
	return put_text(ctx, text);
}

static int text_of_container(void *ctx, enum json_type type)
{
	(void)ctx;
	(void)type;
	return 0;
}

static const struct json_handler reading = {
	.scalar = text_of_scalar, .key = put_text,
	.open = text_of_container, .close = text_of_container,
};

static void test_escapes(void)
{
	static const char text[] = "{\"a\\\"\\\\\\/b\":"
		"[\"\\b\\f\\n\\r\\t123456789\\\\\",\"\",\"{\\\"c\\\":1}\"]}";
	struct json_quick *quick = malloc(sizeof(*quick));
	struct buf seen;
	struct err err;

	ok(json_quick_read(quick, str_of(text)) == strlen(text),
	   "escapes of one letter are plain");
	free(quick);
	/* In one piece, and for yajl in two. */
	for (size_t n = strlen(text), cut = 0; cut < n; cut += n - 1) {
		struct json_parser *parser = json_new(&reading, &seen);

		buf_init(&seen, 1000);
		ok(json_feed(parser, text, cut, &err) == 0 &&
		   json_feed(parser, text + cut, n - cut, &err) == 0, "read");
		is(seen.p, seen.n, "a\"\\/b|\b\f\n\r\t123456789\\||{\"c\":1}|",
		   "without escapes");
		json_free(parser);
		buf_free(&seen);
	}
}

struct places {
	struct json_parser *parser;
	struct buf seen;
};

static int put_place(struct places *places)
{
	buf_printf(&places->seen, "%zu ", json_position(places->parser));
	return 0;
}

static int place_of_scalar(void *ctx, enum json_type type, struct str text)
{
	(void)type;
	(void)text;
	return put_place(ctx);
}

static int place_of_key(void *ctx, struct str name)
{
	(void)name;
	return put_place(ctx);
}

static int place_of_container(void *ctx, enum json_type type)
{
	(void)type;
	return put_place(ctx);
}

static const struct json_handler placing = {
	.scalar = place_of_scalar, .key = place_of_key,
	.open = place_of_container, .close = place_of_container,
};

/* Where the tokens of a text are, and its error, read after another text. */
static void places_of(const char *first, const char *text, struct places *places)
{
	struct err err;

	places->parser = json_new(&placing, places);
	buf_init(&places->seen, 1000);
	json_feed(places->parser, first, strlen(first), &err);
	buf_reset(&places->seen);
	if (json_feed(places->parser, text, strlen(text), &err) < 0)
		buf_printf(&places->seen, "%zu",
			   json_error_position(places->parser));
	json_free(places->parser);
}

static void test_places(void)
{
	static const char *const texts[] = {
		"{\"a\":1}", " [] {\"a\":[true,\"b\"] } [\"\\u0041\"] {\"c\":2}",
		"{\"a\":1} [2] {\"c\"/", "{\"a\":1}\n[\"\\n\"]\n{\"c\":2}\n{\"c\"{",
		"{}\n  ", "{} {} \"\\ud800\" ", "[1]\n[\n2\n,\"\\n\"]\n[3]\n[4",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct places quick, slow;

		places_of("", texts[i], &quick);
		/* Behind what is no line yajl has to read all. */
		places_of("1 ", texts[i], &slow);
		ok(str_eq(buf_str(&quick.seen), buf_str(&slow.seen)),
		   "tokens are where they are: %s: %.*s", texts[i],
		   STR_FMT(buf_str(&quick.seen)));
		buf_free(&quick.seen);
		buf_free(&slow.seen);
	}
}

/* The number before it ends there, and is told. */
static void test_odd_blank(void)
{
	static const char *const texts[] = { "[12\v", "[12\f", "\n[12\v3]" };
	static const char *const want[] = { "1 3 4", "1 3 4", "2 4 5" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct places places;

		places_of("", texts[i], &places);
		ok(str_is(buf_str(&places.seen), want[i]),
		   "what ends at a blank that is none is where it is: %.*s",
		   STR_FMT(buf_str(&places.seen)));
		buf_free(&places.seen);
	}
}

/* A number of n digits in small pieces, in CPU time. */
static double seconds_of_number(size_t n, bool *good)
{
	struct calls calls = { .skips = false };
	struct json_parser *parser = json_new(&seeing, &calls);
	clock_t begin = clock();
	char piece[512];
	struct err err;

	memset(piece, '7', sizeof(piece));
	*good = json_feed(parser, "[[", 2, &err) == 0;
	for (size_t i = 0; i < n; i += sizeof(piece))
		*good = *good && json_feed(parser, piece, sizeof(piece),
					   &err) == 0;
	*good = *good && json_feed(parser, ",1],2", 5, &err) == 0 &&
		json_error_position(parser) == 5;
	*good = *good && json_feed(parser, "]]", 2, &err) < 0 &&
		json_error_position(parser) == 2;
	json_free(parser);
	return (double)(clock() - begin) / CLOCKS_PER_SEC;
}

static void test_long_number(void)
{
	bool small_good, good;
	double small = seconds_of_number(128 << 10, &small_good);
	double large = seconds_of_number(1 << 20, &good);

	ok(small_good && good, "a number may have a million digits");
	ok(large < 24 * small + 0.02,
	   "and takes time in proportion to them: %.4f s, %.4f s", small,
	   large);
	seconds_of_number(9 << 20, &good);
	ok(!good, "but not more than the ceiling");
}

static int join(void *ctx, struct str object, struct err *err)
{
	struct buf *all = ctx;

	if (str_is(object, "{\"stop\":1}"))
		return err_set(err, "Stop", "here");
	buf_put_str(all, object);
	buf_putc(all, ' ');
	return 0;
}

static void test_each(void)
{
	static const struct {
		const char *array, *objects, *code;
	} rows[] = {
		{ "[]", "", "" },
		{ " [ {\"a\":[1,{\"b\":2}]} ,{}]", "{\"a\":[1,{\"b\":2}]} {} ", "" },
		{ "[{},{\"stop\":1},{}]", "{} ", "Stop" },
		{ "[{\"a\":\"]}\\\"{\\\\\"},\t{\"\\\\\\\"\":[{}]}\t] ",
		  "{\"a\":\"]}\\\"{\\\\\"} {\"\\\\\\\"\":[{}]} ", "" },
		{ "[{\"a\":\"}]", "", ERR_JSON },
		{ "[{\"a\":\"\\\"}]", "", ERR_JSON },
		{ "[{}{}]", "{} ", ERR_JSON },
		{ "[{},]", "{} ", ERR_JSON },
		{ "[,{}]", "", ERR_JSON },
		{ "[{}]]", "{} ", ERR_JSON },
		{ "[{}],", "{} ", ERR_JSON },
		{ "[] x", "", ERR_JSON },
		{ "", "", ERR_JSON },
		{ "[", "", ERR_JSON },
		{ "[{},1]", "{} ", ERR_JSON },
		{ "[{},[]]", "{} ", ERR_JSON },
		{ "[{}", "{} ", ERR_JSON },
		{ "1", "", ERR_JSON },
		{ "{\"x\":{}}", "", ERR_JSON },
	};
	struct buf all;

	buf_init(&all, 1000);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err err = { .code = "" };
		int status;

		buf_reset(&all);
		status = json_each(str_of(rows[i].array), join, &all, &err);
		ok((status < 0) == (rows[i].code[0] != '\0') &&
		   (status == 0 || err_is(&err, rows[i].code)) &&
		   str_eq(buf_str(&all), str_of(rows[i].objects)),
		   "the objects of %s", rows[i].array);
	}
	buf_free(&all);
}

int main(void)
{
	arena_init(&arena, 100000);
	picker = json_pick_new(fields, sizeof(fields) / sizeof(*fields));
	test_pick();
	test_other();
	test_refuse();
	test_put();
	test_skip();
	test_pieces();
	test_position();
	test_quick();
	test_escapes();
	test_places();
	test_odd_blank();
	test_long_number();
	test_each();
	json_pick_free(picker);
	arena_free(&arena);
	return done();
}
