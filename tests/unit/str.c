/* SPDX-License-Identifier: Apache-2.0 */
/* str, buf, arena and file: text and where it lies. */
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"
#include "tap.h"

static void test_numbers(void)
{
	unsigned long long n = 7;

	ok(str_number(STR("0"), &n) == 0 && n == 0, "0 is a number");
	ok(str_number(STR("18446744073709551615"), &n) == 0 &&
	   n == 18446744073709551615ULL, "so is the largest");
	ok(str_number(STR("18446744073709551616"), &n) < 0, "one more is not");
	ok(str_number(STR(""), &n) < 0, "nothing is none");
	ok(str_number(STR("-1"), &n) < 0, "nor is a negative one");
	ok(str_number(STR("1.0"), &n) < 0, "nor one with a dot");
	ok(str_number(STR(" 1"), &n) < 0, "nor one with a blank");
}

static void test_utf8(void)
{
	static const struct {
		struct str s;
		bool good;
	} cases[] = {
		{ { "", 0 }, true }, { { "abc", 3 }, true },
		{ { "\0", 1 }, true },
		{ { "\xC3\xA9", 2 }, true }, { { "\xC3", 1 }, false },
		{ { "\xC0\x80", 2 }, false }, { { "\xC1\xBF", 2 }, false },
		{ { "\xE0\x80\x80", 3 }, false },
		{ { "\xE0\xA0\x80", 3 }, true },
		{ { "\xED\x9F\xBF", 3 }, true },
		{ { "\xED\xA0\x80", 3 }, false }, /* a surrogate */
		{ { "\xF0\x8F\xBF\xBF", 4 }, false },
		{ { "\xF0\x9F\x98\x80", 4 }, true },
		{ { "\xF4\x8F\xBF\xBF", 4 }, true },
		{ { "\xF4\x90\x80\x80", 4 }, false },
		{ { "\xF5\x80\x80\x80", 4 }, false },
		{ { "\x80", 1 }, false }, { { "a\xFF", 2 }, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ok(str_is_utf8(cases[i].s) == cases[i].good,
		   "UTF-8 case %zu", i);
	for (size_t n = 0; n < 70; n++) {
		char text[70];
		size_t wrong = 0;

		memset(text, 'a', sizeof(text));
		wrong += !str_is_ascii((struct str){ text, n });
		for (size_t at = 0; at < n; at++) {
			text[at] = (char)0x80;
			wrong += str_is_ascii((struct str){ text, n });
			text[at] = 0x7F;
		}
		ok(wrong == 0, "one byte of %zu that is not ASCII is seen", n);
	}
	ok(str_cut_utf8(STR("abc"), 5) == 3, "short text is not cut");
	ok(str_cut_utf8(STR("a\xC3\xA9z"), 2) == 1, "no character is halved");
	ok(str_cut_utf8(STR("a\xC3\xA9z"), 3) == 3, "cut behind one");
	ok(str_cut_utf8(STR("\xF0\x9F\x98\x80"), 3) == 0, "nor quartered");
}

static void test_parts(void)
{
	struct str rest = STR("a,,b");
	struct str a = str_next(&rest, ','), none = str_next(&rest, ',');

	ok(str_is(a, "a") && none.n == 0 && none.p, "parts, an empty one too");
	ok(str_is(str_next(&rest, ','), "b") && !rest.p, "the last takes all");
	ok(str_has_prefix(STR("s3:x"), STR("s3:")), "a prefix");
	ok(!str_has_suffix(STR("s3"), STR("xs3")), "a suffix cannot be longer");
	ok(str_contains(STR("a\0bc"), "bc") && str_contains(STR("a"), "a") &&
	   !str_contains(STR("ab"), "abc") && !str_contains(STR_NONE, "a"),
	   "what is in it, behind a NUL, too");
	ok(!str_is(STR_NONE, ""), "absent is not empty");
}

static void test_buf(void)
{
	struct buf buf;

	buf_init(&buf, 10);
	buf_puts(&buf, "12345");
	buf_printf(&buf, "%d", 67890);
	is(buf.p, buf.n, "1234567890", "a buffer holds up to its ceiling");
	ok(!buf.failed && strcmp(buf_cstr(&buf), "1234567890") == 0,
	   "with room for a NUL");
	buf_putc(&buf, 'x');
	ok(buf.failed && buf.n == 10, "one byte more fails and changes nothing");
	buf_puts(&buf, "");
	ok(buf.failed && !buf_cstr(&buf), "failure stays");
	buf_reset(&buf);
	buf_puts(&buf, "abcdef");
	buf_consume(&buf, 4);
	is(buf.p, buf.n, "ef", "after a reset it serves again");
	buf_free(&buf);
}

static void test_arena(void)
{
	struct arena arena;
	struct str copy;
	char *p;

	arena_init(&arena, 10000);
	p = arena_alloc(&arena, 100);
	ok(p && p[0] == 0 && p[99] == 0, "memory comes zeroed");
	memset(p, 'x', 100);
	copy = arena_dup(&arena, (struct str){ "a\0b", 3 });
	ok(copy.n == 3 && memcmp(copy.p, "a\0b", 4) == 0,
	   "copies keep NULs and have one behind");
	ok(!arena_alloc(&arena, 10001), "the ceiling holds");
	ok(arena_alloc(&arena, 5000) != NULL, "large pieces are possible");
	ok(!arena_alloc(&arena, 5000), "but not more than all");
	arena_reset(&arena);
	p = arena_alloc(&arena, 100);
	ok(p && p[0] == 0 && p[99] == 0, "zeroed after a reset too");
	arena_free(&arena);
}

static void test_bytes(void)
{
	unsigned long long n;

	ok(str_bytes(STR("0"), &n) == 0 && n == 0 &&
	   str_bytes(STR("1k"), &n) == 0 && n == 1024 &&
	   str_bytes(STR("3M"), &n) == 0 && n == 3 << 20 &&
	   str_bytes(STR("5G"), &n) == 0 && n == 5368709120 &&
	   str_bytes(STR("2t"), &n) == 0 && n == 2ULL << 40,
	   "a number of bytes may have a unit");
	ok(str_bytes(STR("16777215T"), &n) == 0 &&
	   str_bytes(STR("16777216T"), &n) < 0, "it has to fit");
	ok(str_bytes(STR(""), &n) < 0 && str_bytes(STR("K"), &n) < 0 &&
	   str_bytes(STR("1KB"), &n) < 0 && str_bytes(STR("1 K"), &n) < 0 &&
	   str_bytes(STR("-1"), &n) < 0, "anything else is none");
}

static void test_trim(void)
{
	static const struct {
		struct str in, both, end;
	} cases[] = {
		{ STR(""), STR(""), STR("") },
		{ STR(" \t "), STR(""), STR("") },
		{ STR(" a b\t"), STR("a b"), STR(" a b") },
		{ STR("a"), STR("a"), STR("a") },
		{ STR("\0a \0"), STR("\0a \0"), STR("\0a \0") },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ok(str_eq(str_trim(cases[i].in, " \t"), cases[i].both) &&
		   str_eq(str_trim_end(cases[i].in, " \t"), cases[i].end),
		   "trimmed, case %zu", i);
}

static void test_control(void)
{
	static const char bytes[] = { '\0', '\t', '\n', '\r', 0x1F, 0x7F };

	ok(!str_has_control(STR_NONE), "absent text has no control character");
	ok(!str_has_control(STR(" a~\x80\xff")),
	   "neither have blanks and bytes above ASCII");
	for (size_t i = 0; i < sizeof(bytes); i++) {
		char text[] = { 'a', bytes[i], 'b' };

		ok(str_has_control((struct str){ text, 3 }),
		   "but byte %d is one", bytes[i]);
		ok(!str_is_visible((struct str){ text, 3 }),
		   "and makes no word");
	}
	ok(str_is_visible(STR("!aZ9~")), "visible ASCII is a word");
	ok(!str_is_visible(STR("")), "nothing is none");
	ok(!str_is_visible(STR("a b")), "nor is what has a blank in it");
	ok(!str_is_visible(STR("a\xc3\xa4")), "nor what is not ASCII");
}

/* All of a file, or as much as the buffer takes. */
static void test_file(void)
{
	char path[] = "/tmp/s3ev-unit-XXXXXX";
	int fd = mkstemp(path);
	struct buf text;
	struct err err;

	for (int i = 0; i < 10000; i++)
		if (write(fd, "0123456789", 10) != 10)
			ok(false, "a file can be written");
	close(fd);
	buf_init(&text, 1 << 20);
	buf_puts(&text, "old");
	ok(file_load(path, &text, &err) == 0 && text.n == 100000 &&
	   str_has_prefix(buf_str(&text), STR("0123")),
	   "a file replaces what was in the buffer");
	buf_free(&text);
	buf_init(&text, 50000);
	ok(file_load(path, &text, &err) < 0 && err_is(&err, ERR_SYSTEM) &&
	   strstr(err.message, path) && !err.retry,
	   "a file too large is an error that names it");
	ok(text.n > 40000 && text.n <= 50000, "what fits stays");
	unlink(path);
	ok(file_load(path, &text, &err) < 0 && strstr(err.message, path),
	   "so is one that is not there");
	buf_free(&text);
}

int main(void)
{
	test_numbers();
	test_utf8();
	test_trim();
	test_control();
	test_file();
	test_parts();
	test_buf();
	test_arena();
	test_bytes();
	return done();
}
