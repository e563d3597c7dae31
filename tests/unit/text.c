/* SPDX-License-Identifier: Apache-2.0 */
/* text: places, and the scans of sixteen bytes at a time. */
#include "tap.h"
#include "base/str.h"
#include "base/text.h"

static void test_place(void)
{
	static const char text[] = "a\xC3\xA9z\n\n\xE2\x82\xAC";
	struct text_place place = TEXT_START;

	text_advance(&place, text, 3);
	ok(place.line == 1 && place.column == 3 && place.byte == 4,
	   "characters are counted, not bytes");
	text_advance(&place, text + 3, 6);
	ok(place.line == 3 && place.column == 2 && place.byte == 10,
	   "a newline begins a line");
	text_advance(&place, NULL, 0);
	ok(place.line == 3 && place.column == 2 && place.byte == 10,
	   "nothing moves nothing");
}

/* For each length, each place of one byte that differs from the others. */
static void test_loops(void)
{
	static char bytes[300];
	bool counts = true, ascii = true, plain = true, xml = true;

	for (size_t n = 1; n < 70; n++) {
		for (size_t at = 0; at < n; at++) {
			memset(bytes, 'x', sizeof(bytes));
			bytes[at] = '\xC3';
			counts = counts && text_count(bytes, n, '\xC3') == 1 &&
				 text_count(bytes, n, 'x') == n - 1;
			ascii = ascii && text_ascii(bytes, n) == at;
			plain = plain && text_plain(bytes, n) == at;
			for (const char *c = "\"\\\n\x1F"; *c; c++) {
				bytes[at] = *c;
				plain = plain && text_plain(bytes, n) == at;
			}
			for (const char *c = "&\n\x1F\xC3"; *c; c++) {
				bytes[at] = *c;
				xml = xml && text_plain_xml(bytes, n) == at;
			}
			bytes[at] = '\x7F';
			plain = plain && text_plain(bytes, n) == n;
			xml = xml && text_plain_xml(bytes, n) == n;
		}
	}
	ok(counts, "bytes are counted at every place");
	ok(ascii, "what is not ASCII is found at every place");
	ok(plain, "so is what needs care in JSON");
	ok(xml, "and in XML");
}

static void test_many(void)
{
	static char bytes[10000];
	struct text_place place = TEXT_START;

	memset(bytes, '\n', sizeof(bytes));
	ok(text_count(bytes, sizeof(bytes), '\n') == sizeof(bytes),
	   "more than a lane can count");
	memset(bytes, '\x80', sizeof(bytes));
	text_advance(&place, bytes, sizeof(bytes));
	ok(place.column == 1 && place.byte == sizeof(bytes) + 1,
	   "nor are they lost among characters");
}

static void test_character(void)
{
	static const struct {
		struct str in;
		long character;
		size_t length;
	} cases[] = {
		{ STR("a"), 'a', 1 }, { STR("\x7F"), 0x7F, 1 },
		{ STR("\xC2\x80"), 0x80, 2 }, { STR("\xDF\xBFx"), 0x7FF, 2 },
		{ STR("\xE2\x80\xAE"), 0x202E, 3 },
		{ STR("\xF3\xA0\x81\x81"), 0xE0041, 4 },
		{ STR("\xF4\x8F\xBF\xBF"), 0x10FFFF, 4 },
		{ STR("\x80"), -1, 1 }, { STR("\xC0\xAF"), -1, 1 },
		{ STR("\xE2\x80"), -1, 1 }, { STR("\xE2\x80z"), -1, 1 },
		{ STR("\xED\xA0\x80"), -1, 1 }, { STR("\xFF"), -1, 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t length;
		long c = text_character(cases[i].in.p, cases[i].in.n, &length);

		ok(c == cases[i].character && length == cases[i].length,
		   "a character and its length, case %zu", i);
	}
}

static void test_hidden(void)
{
	static const long hidden[] = {
		-1, 0, '\t', '\n', 0x1B, 0x1F, 0x7F, 0x80, 0x85, 0x9F, 0xAD,
		0x61C, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2028, 0x2029,
		0x202A, 0x202E, 0x2060, 0x2066, 0x2069, 0xFEFF, 0xE0000,
		0xE0041, 0xE007F,
	};
	static const long shown[] = {
		' ', '\\', '~', 0xA0, 0xE9, 0x200A, 0x2010, 0x2027, 0x2030,
		0x4E2D, 0xFFFD, 0x1F600,
	};
	bool is_right = true;

	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++)
		is_right = is_right && text_is_hidden(hidden[i]);
	ok(is_right, "what cannot be seen, or moves what can, is hidden");
	for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++)
		is_right = is_right && !text_is_hidden(shown[i]);
	ok(is_right, "letters, blanks and symbols are not");
}

int main(void)
{
	test_character();
	test_hidden();
	test_place();
	test_loops();
	test_many();
	return done();
}
