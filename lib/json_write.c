/* SPDX-License-Identifier: Apache-2.0 */
/* The writing half of json.h. */
#include "json.h"

#include <stdint.h>
#include <string.h>

static void put_escaped(struct buf *out, unsigned char c)
{
	static const char short_form[] = "\bb\ff\nn\rr\tt\"\"\\\\";

	for (const char *s = short_form; *s; s += 2) {
		if ((unsigned char)*s == c) {
			buf_putc(out, '\\');
			buf_putc(out, s[1]);
			return;
		}
	}
	buf_printf(out, "\\u%04x", c);
}

/*
 * Eight bytes at once: is one of them a quote, a backslash, a control
 * character, or not ASCII?  A byte minus 0x20 borrows from its top bit if it
 * is less, and so does one minus 1 if an exclusive or has made it zero.
 */
static bool needs_care(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t x, quotes, slashes;

	memcpy(&x, p, sizeof(x));
	quotes = x ^ ones * '"';
	slashes = x ^ ones * '\\';
	return ((x | (x - ones * 0x20) | (quotes - ones) | (slashes - ones)) &
		ones * 0x80) != 0;
}

static bool is_plain(char c)
{
	unsigned char u = (unsigned char)c;

	return u >= 0x20 && u < 0x80 && u != '"' && u != '\\';
}

/*
 * Copy the bytes that stand for themselves, as far as they go, and return how
 * many there were.
 */
static size_t copy_plain(char *to, struct str s)
{
	size_t i = 0;

	for (; i + 8 <= s.n && !needs_care(s.p + i); i += 8)
		memcpy(to + i, s.p + i, 8);
	for (; i < s.n && is_plain(s.p[i]); i++)
		to[i] = s.p[i];
	return i;
}

/* Length of the UTF-8 character at s, 0 if there is none. */
static size_t character(struct str s)
{
	for (size_t n = 2; n <= 4 && n <= s.n; n++)
		if (str_is_utf8((struct str){ s.p, n }))
			return n;
	return 0;
}

/* The character at s, however it has to be written; returns its length. */
static size_t put_with_care(struct buf *out, struct str s)
{
	size_t n;

	if ((unsigned char)*s.p < 0x80) {
		put_escaped(out, (unsigned char)*s.p);
		return 1;
	}
	n = character(s);
	if (n > 0) {
		buf_put(out, s.p, n);
		return n;
	}
	buf_puts(out, "\xEF\xBF\xBD");
	return 1;
}

void json_string_at(struct buf *out, char *p, struct str s)
{
	size_t n;

	*p++ = '"';
	n = copy_plain(p, s);
	p[n] = '"';
	out->n = (size_t)(p + n - out->p);
	while (n < s.n) {
		n += put_with_care(out, (struct str){ s.p + n, s.n - n });
		p = buf_room(out, s.n - n + 1);
		if (!p)
			return;
		out->n += copy_plain(p, (struct str){ s.p + n, s.n - n });
		n += out->n - (size_t)(p - out->p);
		out->p[out->n] = '"';
	}
	out->n++;
}

void json_put(struct buf *out, struct str s)
{
	char *p = buf_room(out, s.n + 2);

	if (p)
		json_string_at(out, p, s);
}

void json_number_at(struct buf *out, char *p, unsigned long long value)
{
	char digits[JSON_DIGITS_MAX];
	size_t i = sizeof(digits);

	do
		digits[--i] = (char)('0' + value % 10);
	while ((value /= 10) > 0);
	memcpy(p, digits + i, sizeof(digits) - i);
	out->n = (size_t)(p - out->p) + sizeof(digits) - i;
}

void json_member_bool(struct buf *out, const char *name, bool value)
{
	char *p = json_name(out, name, 0);

	if (!p)
		return;
	out->n = (size_t)(p - out->p);
	buf_puts(out, value ? "true" : "false");
}

void json_member_open(struct buf *out, const char *name)
{
	char *p = json_name(out, name, 1);

	if (!p)
		return;
	*p++ = '{';
	out->n = (size_t)(p - out->p);
}
