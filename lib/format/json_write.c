/* SPDX-License-Identifier: Apache-2.0 */
#include "format/json_write.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

/* As \uXXXX; what lies beyond U+FFFF as two of them (RFC 8259, section 7). */
static void put_number(struct buf *out, unsigned long c)
{
	if (c > 0xFFFF) {
		c -= 0x10000;
		buf_printf(out, "\\u%04lx", 0xD800 | c >> 10);
		c = 0xDC00 | (c & 0x3FF);
	}
	buf_printf(out, "\\u%04lx", c);
}

static void put_escaped(struct buf *out, unsigned long c)
{
	static const char short_form[] = "\bb\ff\nn\rr\tt\"\"\\\\";

	for (const char *s = short_form; *s; s += 2) {
		if ((unsigned char)*s == c) {
			buf_putc(out, '\\');
			buf_putc(out, s[1]);
			return;
		}
	}
	put_number(out, c);
}

/*
 * Eight bytes at once: is one of them a quote, a backslash, a control
 * character, or not ASCII?  A byte minus 0x20 borrows from its top bit if it
 * is less, and so does one minus 1 if an exclusive or has made it zero.  DEL
 * plus 1 sets that bit.
 */
static bool needs_care(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t x, quotes, slashes;

	memcpy(&x, p, sizeof(x));
	quotes = x ^ ones * '"';
	slashes = x ^ ones * '\\';
	return ((x | (x + ones) | (x - ones * 0x20) | (quotes - ones) |
		 (slashes - ones)) & ones * 0x80) != 0;
}

static bool is_plain(char c)
{
	unsigned char u = (unsigned char)c;

	return u >= 0x20 && u < 0x7F && u != '"' && u != '\\';
}

/* Copy bytes until one has to be escaped; return how many. */
static size_t copy_plain(char *to, struct str s)
{
	size_t i = 0;

	for (; i + 8 <= s.n && !needs_care(s.p + i); i += 8)
		memcpy(to + i, s.p + i, 8);
	for (; i < s.n && is_plain(s.p[i]); i++)
		to[i] = s.p[i];
	return i;
}

/* Append the first character of s, escaped if need be; return its length. */
static size_t put_with_care(struct buf *out, struct str s)
{
	size_t n;
	long c = text_character(s.p, s.n, &n);

	if (c < 0)
		buf_puts(out, "\xEF\xBF\xBD");
	else if (c == '"' || c == '\\' || text_is_hidden(c))
		put_escaped(out, (unsigned long)c);
	else
		buf_put(out, s.p, n);
	return n;
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

void json_put_shown(struct buf *out, struct str json)
{
	while (json.n > 0) {
		size_t n;
		long c = text_character(json.p, json.n, &n);

		if (c < ' ')
			buf_putc(out, ' ');
		else if (text_is_hidden(c))
			put_number(out, (unsigned long)c);
		else
			buf_put(out, json.p, n);
		json.p += n;
		json.n -= n;
	}
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
