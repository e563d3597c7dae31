/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tap: the output of the unit tests, in TAP (testanything.org).
 *
 * A test program calls ok() for each fact it checks and ends with
 * return done().  Nothing stops at the first failure.
 */
#ifndef S3EV_TAP_H
#define S3EV_TAP_H

#include <stdbool.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed;

__attribute__((format(printf, 2, 3)))
static inline bool ok(bool pass, const char *format, ...)
{
	va_list args;

	printf("%sok %d - ", pass ? "" : "not ", ++tap_count);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	tap_failed += !pass;
	return pass;
}

/* Compare bytes; both are shown when they differ. */
static inline bool is(const char *got, size_t got_n, const char *want,
		      const char *what)
{
	bool pass = got_n == strlen(want) && memcmp(got, want, got_n) == 0;

	ok(pass, "%s", what);
	if (!pass)
		printf("#  got: %.*s\n# want: %s\n", (int)got_n, got, want);
	return pass;
}

static inline int done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed > 0;
}

#endif
