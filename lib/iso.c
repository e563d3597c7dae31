/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE		/* timegm */
#include "iso.h"

#include <stdbool.h>
#include <string.h>

/* n digits at *p, which moves on; -1 if there are other characters. */
static int digits(struct str *s, size_t n)
{
	int value = 0;

	if (s->n < n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return -1;
		value = value * 10 + (s->p[i] - '0');
	}
	s->p += n;
	s->n -= n;
	return value;
}

static bool skip(struct str *s, const char *one_of)
{
	if (s->n == 0 || !*s->p || !strchr(one_of, *s->p))
		return false;
	s->p++;
	s->n--;
	return true;
}

/* Seconds to subtract, of "+02:00" or "-0330". */
static int offset(struct str *s, long *seconds)
{
	long sign = *s->p == '-' ? -1 : 1;
	int hours, minutes;

	skip(s, "+-");
	hours = digits(s, 2);
	skip(s, ":");
	minutes = digits(s, 2);
	*seconds = sign * (hours * 3600L + minutes * 60L);
	return hours < 0 || minutes < 0 ? -1 : 0;
}

int iso_time(struct str s, time_t *seconds)
{
	struct tm tm = { 0 };
	long east = 0;

	tm.tm_year = digits(&s, 4) - 1900;
	if (tm.tm_year < 0 || !skip(&s, "-") ||
	    (tm.tm_mon = digits(&s, 2) - 1) < 0 || !skip(&s, "-") ||
	    (tm.tm_mday = digits(&s, 2)) < 1 || !skip(&s, "Tt ") ||
	    (tm.tm_hour = digits(&s, 2)) < 0 || !skip(&s, ":") ||
	    (tm.tm_min = digits(&s, 2)) < 0 || !skip(&s, ":") ||
	    (tm.tm_sec = digits(&s, 2)) < 0)
		return -1;
	if (tm.tm_mon > 11 || tm.tm_mday > 31 || tm.tm_hour > 24 ||
	    tm.tm_min > 59 || tm.tm_sec > 60)
		return -1;
	if (skip(&s, "."))
		while (skip(&s, "0123456789"))
			;
	if (s.n > 0 && (*s.p == '+' || *s.p == '-')) {
		if (offset(&s, &east) < 0)
			return -1;
	} else if (!skip(&s, "Zz") && str_is(s, "UTC")) {
		s.n = 0;
	}
	*seconds = timegm(&tm) - east;
	return s.n == 0 ? 0 : -1;
}

void iso_write(char text[ISO_SIZE], time_t seconds)
{
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) ||
	    strftime(text, ISO_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		text[0] = '\0';
}
