/* SPDX-License-Identifier: Apache-2.0 */
#include "format/html.h"

#include <stdbool.h>

#include "base/text.h"

/*
 * Blanks other than the usual one, and what is drawn as nothing, although it is
 * no format control: fillers, joiners of marks, selectors of variants.
 */
static bool is_blank(long c)
{
	static const struct { long from, to; } ranges[] = {
		{ 0xA0, 0xA0 }, { 0x34F, 0x34F }, { 0x115F, 0x1160 },
		{ 0x1680, 0x1680 }, { 0x17B4, 0x17B5 }, { 0x180B, 0x180F },
		{ 0x2000, 0x200A }, { 0x202F, 0x202F }, { 0x205F, 0x205F },
		{ 0x2800, 0x2800 }, { 0x3000, 0x3000 }, { 0x3164, 0x3164 },
		{ 0xFE00, 0xFE0F }, { 0xFFA0, 0xFFA0 }, { 0xE0100, 0xE01EF },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return true;
	return false;
}

/* No program may hold these in a page (surrogates are no UTF-8). */
static bool is_noncharacter(long c)
{
	return (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF);
}

static void put_hidden(struct buf *out, long c, unsigned char byte)
{
	if (c == '\n' || c == '\r' || c == '\t')
		buf_puts(out, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
	else if (c == ' ')
		buf_puts(out, "\xE2\x90\xA3"); /* U+2423, an open box */
	else if (c < 0)
		buf_printf(out, "\\x%02x", byte);
	else
		buf_printf(out, "U+%04lX", (unsigned long)c);
}

static const char *entity(long c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* A blank at an end, or beside another one. */
static bool is_overlooked(struct str s, size_t i)
{
	return i == 0 || i + 1 == s.n || s.p[i - 1] == ' ' || s.p[i + 1] == ' ';
}

static void put(struct buf *out, struct str s, const char *before,
		const char *behind)
{
	size_t n;

	for (size_t i = 0; i < s.n; i += n) {
		long c = text_character(s.p + i, s.n - i, &n);
		const char *named = entity(c);

		if (named)
			buf_puts(out, named);
		else if (text_is_hidden(c) || is_blank(c) ||
			 is_noncharacter(c) ||
			 (c == ' ' && is_overlooked(s, i))) {
			buf_puts(out, before);
			put_hidden(out, c, (unsigned char)s.p[i]);
			buf_puts(out, behind);
		} else {
			buf_put(out, s.p + i, n);
		}
	}
}

void html_put(struct buf *out, struct str s)
{
	put(out, s, "<b class=\"x\">", "</b>");
}

void html_put_plain(struct buf *out, struct str s)
{
	put(out, s, "&lt;", "&gt;");
}

void html_put_cut(struct buf *out, struct str s, size_t n)
{
	struct str head = { s.p, str_cut_utf8(s, n) };

	html_put(out, head);
	if (head.n < s.n)
		buf_puts(out, "\xE2\x80\xA6"); /* U+2026 */
}
