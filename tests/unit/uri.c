/* SPDX-License-Identifier: Apache-2.0 */
#include "format/uri.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

static const struct {
	const char *text;
	const char *encoded;
	const char *path;
} encodings[] = {
	{ "", "", "" },
	{ "plain-name_1.2~x", "plain-name_1.2~x", "plain-name_1.2~x" },
	{ "in/a b.csv", "in%2Fa%20b.csv", "in/a%20b.csv" },
	{ "a//./../b/", "a%2F%2F.%2F..%2Fb%2F", "a//./../b/" },
	{ "100%25", "100%2525", "100%2525" },
	{ "+&=?#", "%2B%26%3D%3F%23", "%2B%26%3D%3F%23" },
	{ "!'()*", "%21%27%28%29%2A", "%21%27%28%29%2A" },
	{ "\xc3\xa4\xe2\x82\xac", "%C3%A4%E2%82%AC", "%C3%A4%E2%82%AC" },
	{ "\x01\n\x7f\xff", "%01%0A%7F%FF", "%01%0A%7F%FF" }
};

static const struct {
	const char *text;
	const char *percent;
	const char *form;
} decodings[] = {
	{ "", "", "" },
	{ "in/plain.csv", "in/plain.csv", "in/plain.csv" },
	{ "a+b", "a+b", "a b" },
	{ "a%2Bb+c", "a+b+c", "a+b c" },
	{ "a%2bb%2F", "a+b/", "a+b/" },
	{ "%2525", "%25", "%25" },
	{ "%252B+", "%2B+", "%2B " },
	{ "%C3%A4%e2%82%ac", "\xc3\xa4\xe2\x82\xac", "\xc3\xa4\xe2\x82\xac" },
	{ "%", "%", "%" },
	{ "100%", "100%", "100%" },
	{ "a%4", "a%4", "a%4" },
	{ "%zz%4g%g4%+1", "%zz%4g%g4%+1", "%zz%4g%g4% 1" },
	{ "%%41", "%A", "%A" },
	{ "%4%31", "%41", "%41" },
	{ "+%20+", "+ +", "   " }
};

static void test_encoding(void)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
		struct str text = str_of(encodings[i].text);

		buf_reset(&out);
		uri_encode(&out, text);
		is(buf_str(&out).p, out.n, encodings[i].encoded,
		   "a text is encoded");
		buf_reset(&out);
		uri_encode_path(&out, text);
		is(buf_str(&out).p, out.n, encodings[i].path,
		   "a path is encoded");
	}
	buf_reset(&out);
	uri_encode(&out, STR("a b"));
	uri_encode(&out, STR_NONE);
	uri_encode_path(&out, STR("/c"));
	is(out.p, out.n, "a%20b/c", "encoding appends");
	buf_free(&out);

	buf_init(&out, 5);
	uri_encode(&out, STR("a b"));
	ok(!out.failed && out.n == 5, "what just fits the ceiling is encoded");
	uri_encode(&out, STR("c"));
	ok(out.failed && out.n == 5, "past the ceiling the buffer fails");
	buf_free(&out);
}

/* Decode in memory of exactly the right size, so that sanitizers see excess. */
static void check_decoding(size_t (*decode)(char *, struct str),
			   const char *text, const char *want,
			   const char *what)
{
	size_t n = strlen(text);
	char *in = malloc(n + (n == 0));
	char *out = malloc(n + (n == 0));

	if (in && out) {
		memcpy(in, text, n);
		is(out, decode(out, (struct str){ in, n }), want, what);
		is(in, decode(in, (struct str){ in, n }), want,
		   "the same in place");
	}
	free(in);
	free(out);
}

/* With the text, with less of it, with more, and with another byte. */
static void check_comparison(const char *encoded, const char *text)
{
	char other[64];
	struct str s = str_of(encoded), t = { other, strlen(text) };

	memcpy(other, text, t.n);
	other[t.n] = 'x';
	ok(uri_form_is(s, t), "%s is a form of %s", encoded, text);
	t.n++;
	ok(!uri_form_is(s, t), "... and not of more");
	if (t.n == 1)
		return;
	t.n -= 2;
	ok(!uri_form_is(s, t), "... nor of less");
	other[t.n++] ^= 1;
	ok(!uri_form_is(s, t), "... nor of another");
}

static void test_decoding(void)
{
	char c = 'x';

	for (size_t i = 0; i < sizeof(decodings) / sizeof(decodings[0]); i++) {
		check_decoding(uri_decode_percent, decodings[i].text,
			       decodings[i].percent, "percent is decoded");
		check_decoding(uri_decode_form, decodings[i].text,
			       decodings[i].form, "a form is decoded");
		check_comparison(decodings[i].text, decodings[i].form);
	}
	ok(uri_decode_form(&c, STR_NONE) == 0 && c == 'x',
	   "nothing is decoded to nothing");
}

static void test_every_byte(void)
{
	char bytes[256], back[3 * sizeof(bytes)];
	struct str text = { bytes, sizeof(bytes) };
	size_t unreserved = 0;
	struct buf out;

	buf_init(&out, sizeof(back));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (char)i;
		unreserved += uri_is_unreserved(bytes[i]);
	}
	ok(unreserved == 66, "66 bytes are unreserved");
	uri_encode(&out, text);
	ok(out.n == 66 + 3 * 190, "all others are escaped");
	ok(uri_decode_percent(back, buf_str(&out)) == sizeof(bytes) &&
	   memcmp(back, bytes, sizeof(bytes)) == 0,
	   "every byte comes back from percent-encoding");
	ok(uri_decode_form(back, buf_str(&out)) == sizeof(bytes) &&
	   memcmp(back, bytes, sizeof(bytes)) == 0,
	   "and as a form");
	buf_free(&out);
}

int main(void)
{
	test_encoding();
	test_decoding();
	test_every_byte();
	return done();
}
