/* SPDX-License-Identifier: Apache-2.0 */
#include "format/uri.h"

#include <string.h>

bool uri_is_unreserved(char c)
{
	static const char bytes[256] =
		"                                "
		"             -. 0123456789      "
		" ABCDEFGHIJKLMNOPQRSTUVWXYZ    _"
		" abcdefghijklmnopqrstuvwxyz   ~ ";

	return bytes[(unsigned char)c] > ' ';
}

static bool stays(char c, char kept)
{
	return uri_is_unreserved(c) || c == kept;
}

/* kept is one more byte that is not encoded. */
static void encode(struct buf *out, struct str s, char kept)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t escapes = 0;
	char *p;

	for (size_t i = 0; i < s.n; i++)
		escapes += !stays(s.p[i], kept);
	p = buf_room(out, s.n + 2 * escapes);
	if (!p || s.n == 0)
		return;
	out->n += s.n + 2 * escapes;
	if (escapes == 0) {
		memcpy(p, s.p, s.n);
		return;
	}
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (stays(s.p[i], kept)) {
			*p++ = s.p[i];
		} else {
			*p++ = '%';
			*p++ = digits[c >> 4];
			*p++ = digits[c & 15];
		}
	}
}

void uri_encode(struct buf *out, struct str s)
{
	encode(out, s, '-');
}

void uri_encode_path(struct buf *out, struct str s)
{
	encode(out, s, '/');
}

/* The value of a hex digit, or -1. */
static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* The byte that the two hex digits at p stand for, or -1. */
static int escaped_byte(const char *p)
{
	int high = hex_value(p[0]);
	int low = hex_value(p[1]);

	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* Number of bytes before the first c, or n. */
static size_t span(const char *p, size_t n, char c)
{
	const char *found = memchr(p, c, n);

	return found ? (size_t)(found - p) : n;
}

/* The byte that what is at *i stands for; moves *i behind it. */
static char next_byte(struct str s, size_t *i, char plus)
{
	char c = s.p[(*i)++];
	int byte;

	if (c == '+')
		return plus;
	if (c != '%' || s.n - *i < 2)
		return c;
	byte = escaped_byte(s.p + *i);
	if (byte < 0)
		return c;
	*i += 2;
	return (char)byte;
}

/* plus is what '+' becomes. */
static size_t decode(char *out, struct str s, char plus)
{
	size_t n, i;

	if (s.n == 0)
		return 0;
	/* Most keys have nothing to decode, or only towards their end. */
	i = span(s.p, s.n, '%');
	if (plus != '+')
		i = span(s.p, i, '+');
	if (out != s.p)
		memmove(out, s.p, i);
	for (n = i; i < s.n;)
		out[n++] = next_byte(s, &i, plus);
	return n;
}

size_t uri_decode_percent(char *out, struct str s)
{
	return decode(out, s, '+');
}

size_t uri_decode_form(char *out, struct str s)
{
	return decode(out, s, ' ');
}

bool uri_form_is(struct str s, struct str text)
{
	size_t n = 0, i = 0;

	while (i < s.n) {
		char c = next_byte(s, &i, ' ');

		if (n == text.n || text.p[n++] != c)
			return false;
	}
	return n == text.n;
}
