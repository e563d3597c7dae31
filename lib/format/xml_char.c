/* SPDX-License-Identifier: Apache-2.0 */
#include "format/xml_char.h"

#include <stdbool.h>
#include <string.h>

static bool is_allowed(unsigned long c)
{
	return c == '\t' || c == '\n' || c == '\r' ||
	       (c >= 0x20 && c < 0xD800) || (c >= 0xE000 && c < 0xFFFE) ||
	       (c >= 0x10000 && c < 0x110000);
}

size_t xml_char_reference(struct str s, unsigned long *c)
{
	const char *digits = "0123456789";
	unsigned long base = 10;
	size_t i = 2;

	if (s.n < 4 || s.p[0] != '&' || s.p[1] != '#')
		return 0;
	if (s.p[i] == 'x') {
		digits = "0123456789abcdefABCDEF";
		base = 16;
		i++;
	}
	*c = 0;
	for (; i < s.n && s.p[i] && strchr(digits, s.p[i]); i++) {
		unsigned long d = s.p[i] <= '9' ? (unsigned long)(s.p[i] - '0') :
				  (unsigned long)((s.p[i] | 32) - 'a' + 10);

		if (*c < 0x110000)
			*c = *c * base + d;
	}
	return i < s.n && s.p[i] == ';' ? i + 1 : 0;
}

size_t xml_char_bad(struct str s, unsigned long *c)
{
	unsigned char first = (unsigned char)s.p[0];
	size_t n;

	if (first == '&') {
		n = xml_char_reference(s, c);
		return n > 0 && !is_allowed(*c) ? n : 0;
	}
	*c = first;
	if (first < 0x80)
		return !is_allowed(first);
	if (s.n < 3 || first != 0xEF || (unsigned char)s.p[1] != 0xBF ||
	    ((unsigned char)s.p[2] | 1) != 0xBF)
		return 0;
	*c = 0xFF40ul + (unsigned char)s.p[2];
	return 3;
}
