/* SPDX-License-Identifier: Apache-2.0 */
#include "check/check_kind.h"

#include <stdarg.h>
#include <stdio.h>

void check_kind_fail(struct check *check, const struct text_place *at,
		     unsigned long long decided, const char *code,
		     const char *format, ...)
{
	size_t n = 0;
	va_list args;

	if (at) {
		check->bad.line = at->line;
		check->bad.column = at->column;
		check->bad.byte = at->byte;
		n = (size_t)snprintf(check->reason, sizeof(check->reason),
				     "line %llu, column %llu: ", at->line,
				     at->column);
	}
	va_start(args, format);
	vsnprintf(check->reason + n, sizeof(check->reason) - n, format, args);
	va_end(args);
	check->bad.code = str_of(code);
	check->bad.reason = str_of(check->reason);
	check->decided = decided;
	check->is_bad = true;
}

struct text_place check_kind_place(const struct text_place *piece,
				   const unsigned char *p, size_t offset)
{
	struct text_place place = *piece;

	text_advance(&place, p, offset);
	return place;
}
