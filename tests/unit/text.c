/* SPDX-License-Identifier: Apache-2.0 */
/* text: places, and the loops that go sixteen bytes at a time. */
#include "tap.h"
#include "text.h"

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

/* Each length and each place of one byte that is not like the others. */
static void test_loops(void)
{
	static char bytes[300];
	bool counts = true, ascii = true, plain = true;

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
			bytes[at] = '\x7F';
			plain = plain && text_plain(bytes, n) == n;
		}
	}
	ok(counts, "bytes are counted at every place");
	ok(ascii, "what is not ASCII is found at every place");
	ok(plain, "so is what needs care in JSON");
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

int main(void)
{
	test_place();
	test_loops();
	test_many();
	return done();
}
