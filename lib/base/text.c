/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memrchr */
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * The vectors of gcc and clang: a comparison sets each lane in which it is true
 * to -1, that is to all ones.
 */
enum { LANES = 16 };
typedef unsigned char lanes __attribute__((vector_size(LANES)));
typedef signed char signed_lanes __attribute__((vector_size(LANES)));
typedef uint64_t halves __attribute__((vector_size(LANES)));

static lanes load(const unsigned char *p)
{
	lanes v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static lanes all(unsigned char c)
{
	lanes v;

	memset(&v, c, sizeof(v));
	return v;
}

static signed_lanes all_signed(int c)
{
	return (signed_lanes)all((unsigned char)c);
}

static unsigned first_in(uint64_t half)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return (unsigned)__builtin_clzll(half) / 8;
#else
	return (unsigned)__builtin_ctzll(half) / 8;
#endif
}

/* The first lane that is set, LANES if none is. */
static inline unsigned first(signed_lanes set)
{
	halves h = (halves)set;

	if (h[0])
		return first_in(h[0]);
	return h[1] ? LANES / 2 + first_in(h[1]) : LANES;
}

static size_t sum(lanes v)
{
	size_t total = 0;

	for (int i = 0; i < LANES; i++)
		total += v[i];
	return total;
}

/* A lane overflows after 255, so the lanes are summed that often. */
size_t text_count(const void *bytes, size_t n, char c)
{
	const unsigned char *p = bytes, *end = p + n;
	const lanes wanted = all((unsigned char)c);
	size_t count = 0;

	while (end - p >= LANES) {
		lanes found = all(0);

		for (int i = 0; i < UINT8_MAX && end - p >= LANES; i++) {
			found -= (lanes)(load(p) == wanted);
			p += LANES;
		}
		count += sum(found);
	}
	while (p < end)
		count += *p++ == (unsigned char)c;
	return count;
}

/* A character has one byte that is not 10xxxxxx: its first. */
static bool is_continuation(unsigned char c)
{
	return (c & 0xC0) == 0x80;
}

/* Continuation bytes, 80 to BF, are below -64 as signed numbers. */
static size_t count_characters(const unsigned char *p, size_t n)
{
	const unsigned char *end = p + n;
	size_t count = n;

	while (end - p >= LANES) {
		lanes found = all(0);

		for (int i = 0; i < UINT8_MAX && end - p >= LANES; i++) {
			found -= (lanes)((signed_lanes)load(p) <
					 all_signed(-64));
			p += LANES;
		}
		count -= sum(found);
	}
	while (p < end)
		count -= is_continuation(*p++);
	return count;
}

void text_advance(struct text_place *place, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	const unsigned char *last = n > 0 ? memrchr(p, '\n', n) : NULL;

	place->byte += n;
	if (last) {
		place->line += text_count(p, n, '\n');
		place->column = 1;
		n -= (size_t)(last + 1 - p);
		p = last + 1;
	}
	place->column += count_characters(p, n);
}

size_t text_ascii(const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	size_t i = 0;

	for (; i + LANES <= n; i += LANES) {
		unsigned at = first((signed_lanes)load(p + i) < all_signed(0));

		if (at < LANES)
			return i + at;
	}
	while (i < n && p[i] < 0x80)
		i++;
	return i;
}

/* ASCII above the control characters, and neither a nor b. */
static inline size_t printable(const void *bytes, size_t n, unsigned char a,
			       unsigned char b)
{
	const unsigned char *p = bytes;
	size_t i = 0;

	for (; i + LANES <= n; i += LANES) {
		lanes v = load(p + i);
		/* Bytes that are not ASCII are negative as signed numbers. */
		unsigned at = first(((signed_lanes)v < all_signed(' ')) |
				    (v == all(a)) | (v == all(b)));

		if (at < LANES)
			return i + at;
	}
	while (i < n && p[i] >= ' ' && p[i] < 0x80 && p[i] != a && p[i] != b)
		i++;
	return i;
}

size_t text_plain(const void *bytes, size_t n)
{
	return printable(bytes, n, '"', '\\');
}

size_t text_plain_xml(const void *bytes, size_t n)
{
	return printable(bytes, n, '&', '&');
}

/* RFC 3629, section 4: the first byte says what the second may be. */
static bool begin_character(struct text_utf8 *u, unsigned char c)
{
	if (c < 0xC2 || c > 0xF4)
		return false;
	u->have = 1;
	u->left = c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
	u->low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
	u->high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
	return true;
}

static bool continue_character(struct text_utf8 *u, unsigned char c)
{
	if (c < u->low || c > u->high)
		return false;
	u->low = 0x80;
	u->high = 0xBF;
	u->have = --u->left > 0 ? (unsigned char)(u->have + 1) : 0;
	return true;
}

size_t text_utf8(struct text_utf8 *u, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	size_t i = 0;

	while (i < n) {
		if (u->left > 0) {
			if (!continue_character(u, p[i]))
				break;
			i++;
		} else if (p[i] < 0x80) {
			i += text_ascii(p + i, n - i);
		} else {
			if (!begin_character(u, p[i]))
				break;
			i++;
		}
	}
	return i;
}

long text_character(const void *bytes, size_t n, size_t *length)
{
	const unsigned char *p = bytes;
	struct text_utf8 u = { 0 };
	long c = p[0];
	size_t i = 1;

	*length = 1;
	if (c < 0x80)
		return c;
	if (!begin_character(&u, p[0]))
		return -1;
	c &= 0x3F >> u.left;
	while (i < n && u.left > 0 && continue_character(&u, p[i]))
		c = c << 6 | (p[i++] & 0x3F);
	if (u.have > 0)
		return -1;
	*length = i;
	return c;
}

bool text_is_hidden(long c)
{
	static const struct { long from, to; } ranges[] = {
		{ -1, 0x1F }, { 0x7F, 0x9F }, { 0xAD, 0xAD }, { 0x61C, 0x61C },
		{ 0x180E, 0x180E }, { 0x200B, 0x200F }, { 0x2028, 0x202E },
		{ 0x2060, 0x206F }, { 0xFEFF, 0xFEFF }, { 0xFFF9, 0xFFFB },
		{ 0xE0000, 0xE007F },
	};

	if (c >= ' ' && c < 0x7F)
		return false;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return true;
	return false;
}
