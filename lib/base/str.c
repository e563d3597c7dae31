/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "base/str.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

bool str_has_prefix(struct str s, struct str prefix)
{
	return s.n >= prefix.n &&
	       (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool str_has_suffix(struct str s, struct str suffix)
{
	return s.n >= suffix.n &&
	       (suffix.n == 0 ||
		memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

bool str_contains(struct str s, const char *what)
{
	return s.n > 0 && memmem(s.p, s.n, what, strlen(what));
}

struct str str_next(struct str *rest, char c)
{
	const char *found = rest->n > 0 ? memchr(rest->p, c, rest->n) : NULL;
	struct str part = *rest;

	if (found) {
		part.n = (size_t)(found - part.p);
		rest->p = found + 1;
		rest->n -= part.n + 1;
	} else {
		*rest = STR_NONE;
	}
	return part;
}

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c);
}

struct str str_trim_end(struct str s, const char *set)
{
	while (s.n > 0 && is_one_of(s.p[s.n - 1], set))
		s.n--;
	return s;
}

struct str str_trim(struct str s, const char *set)
{
	while (s.n > 0 && is_one_of(*s.p, set)) {
		s.p++;
		s.n--;
	}
	return str_trim_end(s, set);
}

int str_number(struct str s, unsigned long long *number)
{
	unsigned long long value = 0;

	if (s.n == 0)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';

		if (digit > 9 || value > (ULLONG_MAX - digit) / 10)
			return -1;
		value = value * 10 + digit;
	}
	*number = value;
	return 0;
}

int str_bytes(struct str s, unsigned long long *bytes)
{
	/* The units come in pairs: half the index gives the power. */
	static const char units[] = "kKmMgGtT";
	const char *unit = s.n > 0 ? memchr(units, s.p[s.n - 1],
					    sizeof(units) - 1) : NULL;
	int shift = unit ? 10 * (1 + (int)(unit - units) / 2) : 0;
	unsigned long long number;

	if (unit)
		s.n--;
	if (str_number(s, &number) < 0 || number > ~0ULL >> shift)
		return -1;
	*bytes = number << shift;
	return 0;
}

size_t str_cut_utf8(struct str s, size_t max)
{
	size_t n = max;

	if (s.n <= max)
		return s.n;
	/* Go back to the first byte of the character that max would cut. */
	while (n > 0 && ((unsigned char)s.p[n] & 0xC0) == 0x80)
		n--;
	return n;
}

bool str_has_control(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (str_is_control(s.p[i]))
			return true;
	return false;
}

bool str_is_visible(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7F)
			return false;
	return s.n > 0;
}

/* 32 bytes at once, which is where the time goes. */
bool str_is_ascii(struct str s)
{
	const uint64_t top = UINT64_C(0x8080808080808080);
	const char *p = s.p, *end = p + s.n;
	unsigned char bits = 0;
	uint64_t four[4];

	for (; end - p >= (ptrdiff_t)sizeof(four); p += sizeof(four)) {
		memcpy(four, p, sizeof(four));
		if ((four[0] | four[1] | four[2] | four[3]) & top)
			return false;
	}
	while (p < end)
		bits |= (unsigned char)*p++;
	return bits < 0x80;
}

/* Length of the well-formed character at p, or 0. */
static size_t utf8_char(const unsigned char *p, size_t left)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;

	if (n == 1)
		return 1;
	if (p[0] < 0xC2 || p[0] > 0xF4 || left < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
	    (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
		return 0;
	return n;
}

bool str_is_utf8(struct str s)
{
	size_t i = 0;

	while (i < s.n) {
		uint64_t eight;
		size_t n;

		if (i + sizeof(eight) <= s.n) {
			memcpy(&eight, s.p + i, sizeof(eight));
			if (!(eight & UINT64_C(0x8080808080808080))) {
				i += sizeof(eight);
				continue;
			}
		}
		n = utf8_char((const unsigned char *)s.p + i, s.n - i);

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

int str_compare(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}
