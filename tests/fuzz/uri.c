/* SPDX-License-Identifier: Apache-2.0 */
/* uri: encoding and decoding are each other's inverse. */
#include "format/uri.h"

#include "fuzz.h"

static int digit(int c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	       (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* Encoded text holds only unreserved bytes and well-formed escapes. */
static void check_encoded(struct str s, bool path)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '%') {
			CHECK(uri_is_unreserved(s.p[i]) ||
			      (path && s.p[i] == '/'),
			      "only unreserved bytes stay as they are");
			continue;
		}
		CHECK(i + 2 < s.n && digit(s.p[i + 1]) >= 0 &&
		      digit(s.p[i + 2]) >= 0 && s.p[i + 1] < 'a' &&
		      s.p[i + 2] < 'a', "escapes are whole, in upper case");
		i += 2;
	}
	CHECK(s.n == 0 || fuzz_is_url(s), "nothing in it ends a URL");
}

static void check_inverse(struct str s, bool path)
{
	struct buf encoded;
	struct str text;
	char *decoded;
	size_t n;

	buf_init(&encoded, 4 * s.n + 8);
	buf_puts(&encoded, "x");
	if (path)
		uri_encode_path(&encoded, s);
	else
		uri_encode(&encoded, s);
	CHECK(!encoded.failed && encoded.p[0] == 'x' &&
	      encoded.n <= 1 + 3 * s.n, "three bytes for one at most");
	text = (struct str){ encoded.p + 1, encoded.n - 1 };
	check_encoded(text, path);
	decoded = fuzz_copy(text);
	n = uri_decode_percent(decoded, text);
	CHECK(str_eq((struct str){ decoded, n }, s),
	      "decoding undoes encoding");
	n = uri_decode_form(decoded, text);
	CHECK(str_eq((struct str){ decoded, n }, s),
	      "decoding as a form does too");
	free(decoded);
	buf_free(&encoded);
}

/* Decode in the plainest way, to compare with. */
static size_t plainly(char *out, struct str s, bool form)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '%' && i + 2 < s.n &&
		    digit(s.p[i + 1]) >= 0 && digit(s.p[i + 2]) >= 0) {
			out[n++] = (char)(digit(s.p[i + 1]) * 16 +
					  digit(s.p[i + 2]));
			i += 2;
		} else {
			out[n++] = form && s.p[i] == '+' ? ' ' : s.p[i];
		}
	}
	return n;
}

static void check_decoding(struct str s, bool form)
{
	char *in = fuzz_copy(s), *out = fuzz_copy(s), *same = fuzz_copy(s);
	size_t (*decode)(char *, struct str) =
		form ? uri_decode_form : uri_decode_percent;
	size_t n = decode(out, (struct str){ in, s.n });
	size_t want = plainly(in, s, form);

	CHECK(str_eq((struct str){ in, want }, (struct str){ out, n }),
	      "decoding gives what the plainest way gives");
	CHECK(decode(same, (struct str){ same, s.n }) == n &&
	      (n == 0 || memcmp(same, out, n) == 0),
	      "decoding in place gives the same");
	free(in);
	free(out);
	free(same);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = { (const char *)data, size };

	check_inverse(s, false);
	check_inverse(s, true);
	check_decoding(s, false);
	check_decoding(s, true);
	return 0;
}
