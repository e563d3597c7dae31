/* SPDX-License-Identifier: Apache-2.0 */
/* template: keys at the destination. */
#include "tap.h"
#include "record/dest_key.h"

static const struct record example = {
	.bucket = STR("incoming"), .key = STR("in/2026/a.tar.gz"),
	.id = STR("0123456789abcdef0123456789abcdef"),
	.time = STR("2026-11-23T05:54:00.123Z"), .sequencer = STR("0055"),
};

static void expand(const char *template, const struct record *r,
		   const char *want)
{
	struct buf key;
	struct err err;

	buf_init(&key, 10000);
	ok(dest_key_expand(&key, template, r, &err) == 0, "%s", template);
	is(key.p ? key.p : "", key.n, want, template);
	buf_free(&key);
}

static void test_parts(void)
{
	struct record r = example;

	expand("{key}", &r, "in/2026/a.tar.gz");
	expand("{dir}|{base}|{stem}|{ext}", &r,
	       "in/2026/|a.tar.gz|a.tar|.gz");
	expand("{bucket}/{yyyy}-{mm}-{dd}T{hh}/{sequencer}", &r,
	       "incoming/2026-11-23T05/0055");
	expand("{version}-{version|none}-{id}", &r, "null-none-0123456789abcdef0123456789abcdef");
	expand("a{{b}c", &r, "a{b}c");
	r.key = STR("plain");
	expand("{dir}|{stem}|{ext}", &r, "|plain|");
	r.key = STR("d.x/.profile");
	expand("{dir}|{stem}|{ext}", &r, "d.x/|.profile|");
	r.key = STR("folder/");
	expand("{dir}|{base}", &r, "folder/|");
	r.time = STR("2026-1");
	expand("{yyyy}", &r, "2026");
}

static void fail(const char *template, const struct record *r,
		 const char *want)
{
	struct err err = { .code = "" };
	struct buf key;

	buf_init(&key, 10000);
	ok(dest_key_expand(&key, template, r, &err) < 0 &&
	   err_is(&err, "InvalidTemplate") && strstr(err.message, want), "%s", want);
	buf_free(&key);
}

static void test_unknown(void)
{
	struct record r = example;

	expand("{yyyy|unknown}/{base}", &r, "2026/a.tar.gz");
	r.time = STR("yesterday at noon");
	r.sequencer = STR_NONE;
	r.key = STR("plain");
	fail("{yyyy}/{key}", &r, "the record has no time; {yyyy|TEXT}");
	fail("{hh}", &r, "the record has no time");
	fail("{sequencer}", &r, "the record has no sequencer");
	expand("{yyyy|unknown}/{mm|}{sequencer|a|b}", &r, "unknown/a|b");
	expand("{dir}{stem}{ext}", &r, "plain");
	expand("{dir|none/}{stem}{ext|.bin}", &r, "none/plain.bin");
	r.version = STR("v1");
	expand("{version|none}", &r, "v1");
}

static void test_check(void)
{
	struct err err;

	ok(dest_key_check("{key}", &err) == 0, "a part is accepted");
	ok(dest_key_check("x", &err) == 0, "so is text");
	ok(dest_key_check("{yyyy|unknown}", &err) == 0, "and an alternative");
	ok(dest_key_check("{kee|x}", &err) < 0 && strstr(err.message, "{kee}"),
	   "but not to what is no part");
	ok(dest_key_check("{kee}", &err) < 0 && strstr(err.message, "{kee}"),
	   "another name is refused, and said");
	ok(dest_key_check("{key", &err) < 0, "an open brace is refused");
	ok(dest_key_check("", &err) < 0, "nothing is refused");
}

static void test_length(void)
{
	char text[2001];
	struct record r = example;
	struct buf key;
	struct err err;

	for (int i = 0; i < 1000; i++)
		memcpy(text + 2 * i, "\xC3\xA9", 2);
	r.key = (struct str){ text, 2000 };
	buf_init(&key, 10000);
	dest_key_expand(&key, "{key}", &r, &err);
	ok(key.n <= RECORD_KEY_MAX && key.n > RECORD_KEY_MAX - 2 &&
	   str_is_utf8(buf_str(&key)) &&
	   str_has_suffix(buf_str(&key), STR("~0123456789abcdef0123456789abcdef")),
	   "a long key is cut between characters and keeps its id");
	buf_reset(&key);
	r.key = (struct str){ text, 1024 };
	dest_key_expand(&key, "{key}", &r, &err);
	ok(key.n == 1024, "1024 bytes are not cut");
	buf_reset(&key);
	dest_key_second(&key, r.key, &r);
	ok(key.n <= RECORD_KEY_MAX && str_is_utf8(buf_str(&key)),
	   "its second name is no longer");
	buf_reset(&key);
	dest_key_second(&key, example.key, &r);
	is(key.p, key.n, "in/2026/a.tar~0123456789abcdef0123456789abcdef.gz",
	   "a second name keeps the extension");
	memset(text, 'x', 1024);
	text[1] = '.';
	buf_reset(&key);
	dest_key_second(&key, (struct str){ text, 1024 }, &r);
	ok(key.n == RECORD_KEY_MAX &&
	   str_has_suffix(buf_str(&key), STR("~0123456789abcdef0123456789abcdef")),
	   "an extension that leaves no room is none");
	buf_free(&key);
}

static void test_why(void)
{
	char text[RECORD_KEY_MAX];
	struct buf why;

	buf_init(&why, 10000);
	dest_key_why(&why, example.key, &example);
	is(why.p, why.n, "in/2026/a.tar.gz.why.json",
	   "what explains a key lies beside it");
	memset(text, 'x', sizeof(text));
	buf_reset(&why);
	dest_key_why(&why, (struct str){ text, 1015 }, &example);
	ok(why.n == RECORD_KEY_MAX && !memchr(why.p, '~', why.n),
	   "as long as there is room");
	for (size_t i = 1; i + 1 < sizeof(text); i += 2)
		memcpy(text + i, "\303\251", 2);
	for (size_t n = 1017; n <= 1023; n += 2) {
		buf_reset(&why);
		dest_key_why(&why, (struct str){ text, n }, &example);
		ok(why.n <= RECORD_KEY_MAX && why.n > RECORD_KEY_MAX - 3 &&
		   str_is_utf8(buf_str(&why)) &&
		   str_has_suffix(buf_str(&why),
				  STR("~0123456789abcdef0123456789abcdef"
				      ".why.json")),
		   "a long key is cut between characters and gets its id");
	}
	buf_free(&why);
}

static void test_of_one(void)
{
	static const struct {
		const char *template;
		bool one, one_of_buckets;
	} rows[] = {
		{ "{key}", true, false },
		{ "done/{key}", true, false },
		{ "{bucket}/{key}", true, true },
		{ "{dir}{base}", true, false },
		{ "{bucket}/{dir}{stem}{ext}", true, true },
		{ "{yyyy|0}/{id}{ext}", true, true },
		{ "{base}", false, false },
		{ "{bucket}/{base}", false, false },
		{ "{dir}{stem}", false, false },
		{ "{stem}-{ext}{dir}", false, false },
		{ "same", false, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		ok(dest_key_is_of_one(rows[i].template, false) == rows[i].one &&
		   dest_key_is_of_one(rows[i].template, true) ==
		   rows[i].one_of_buckets, "%s tells objects apart, or not",
		   rows[i].template);
	ok(dest_key_is_of(STR("x/a.tar.gz"), "x/{base}", &example) &&
	   dest_key_is_of(STR("x/a.tar~0123456789abcdef0123456789abcdef.gz"),
			  "x/{base}", &example) &&
	   !dest_key_is_of(STR("x/b.tar.gz"), "x/{base}", &example) &&
	   !dest_key_is_of(STR("a.tar.gz"), "{nowhere}", &example),
	   "a key of a template is that, or the second one");
}

int main(void)
{
	test_parts();
	test_unknown();
	test_check();
	test_length();
	test_why();
	test_of_one();
	return done();
}
