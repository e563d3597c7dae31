/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE		/* timegm */
#include "format/iso.h"

#include <stdio.h>
#include <stdbool.h>
#include <stdint.h>
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
	return hours < 0 || hours > 23 || minutes < 0 || minutes > 59 ? -1 : 0;
}

static int days_of(int year, int month)
{
	static const signed char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30,
					    31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month] + (month == 1 && leap);
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
	/* 24:00 is the end of a day; a leap second may be the 60th. */
	if (tm.tm_mon > 11 || tm.tm_hour > 24 || tm.tm_min > 59 ||
	    tm.tm_sec > 60 ||
	    tm.tm_mday > days_of(tm.tm_year + 1900, tm.tm_mon))
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

/* The year 1 begins and the year 9999 ends, in seconds since 1970. */
#define FIRST (-62135596800)
#define LAST 253402300799

struct date {
	unsigned year, month, day, hour, minute, second;
};

/*
 * Years are counted from March here, so that a leap day is the last of its
 * year, century and cycle of 400 years.
 */
static void set_day(struct date *date, unsigned day)
{
	unsigned cycle, century, leap, year, month;

	cycle = day / 146097;
	day %= 146097;
	century = day == 146096 ? 3 : day / 36524;
	day -= century * 36524;
	leap = day / 1461;
	day %= 1461;
	year = day == 1460 ? 3 : day / 365;
	day -= year * 365;
	/* Each five months from March have 153 days. */
	month = (5 * day + 2) / 153;
	day -= (153 * month + 2) / 5;

	date->year = 400 * cycle + 100 * century + 4 * leap + year +
		     (month > 9);
	date->month = month > 9 ? month - 9 : month + 3;
	date->day = day + 1;
}

static int split_time(time_t seconds, struct date *date)
{
	unsigned long long past;
	unsigned second;

	if (seconds < FIRST || seconds > LAST)
		return -1;
	past = (unsigned long long)(seconds - FIRST);
	second = (unsigned)(past % 86400);
	date->hour = second / 3600;
	date->minute = second / 60 % 60;
	date->second = second % 60;
	/* The year 0 has 306 days from March on. */
	set_day(date, (unsigned)(past / 86400) + 306);
	return 0;
}

/* Write two digits and what follows them, unless that is NUL. */
static char *put_two(char *p, unsigned number, char behind)
{
	p[0] = (char)('0' + number / 10);
	p[1] = (char)('0' + number % 10);
	p[2] = behind;
	return p + 2 + (behind != '\0');
}

static int put_time(char *p, time_t seconds, char dash, char colon)
{
	struct date date;

	p[0] = '\0';
	if (split_time(seconds, &date) < 0)
		return -1;
	p = put_two(p, date.year / 100, '\0');
	p = put_two(p, date.year % 100, dash);
	p = put_two(p, date.month, dash);
	p = put_two(p, date.day, 'T');
	p = put_two(p, date.hour, colon);
	p = put_two(p, date.minute, colon);
	p = put_two(p, date.second, 'Z');
	*p = '\0';
	return 0;
}

int iso_write(char text[ISO_SIZE], time_t seconds)
{
	return put_time(text, seconds, '-', ':');
}

int iso_write_basic(char text[ISO_BASIC_SIZE], time_t seconds)
{
	return put_time(text, seconds, '\0', '\0');
}

static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
				  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/* The first day of the calendar, 0001-01-01, was a Monday. */
int iso_write_http(char text[ISO_HTTP_SIZE], time_t seconds)
{
	static const char days[][4] = { "Mon", "Tue", "Wed", "Thu", "Fri",
					"Sat", "Sun" };
	struct date date;

	text[0] = '\0';
	if (split_time(seconds, &date) < 0)
		return -1;
	snprintf(text, ISO_HTTP_SIZE, "%s, %02u %s %04u %02u:%02u:%02u GMT",
		 days[(seconds - FIRST) / 86400 % 7], date.day % 100,
		 months[(date.month - 1) % 12], date.year % 10000,
		 date.hour % 100, date.minute % 100, date.second % 100);
	return 0;
}

int iso_read_http(struct str s, time_t *seconds)
{
	char text[] = "YYYY-MM-DDThh:mm:ssZ";
	unsigned month = 1;

	if (s.n != ISO_HTTP_SIZE - 1 || !str_has_suffix(s, STR(" GMT")))
		return -1;
	while (month <= 12 && memcmp(s.p + 8, months[month - 1], 3) != 0)
		month++;
	memcpy(text, s.p + 12, 4);
	text[5] = (char)('0' + month / 10);
	text[6] = (char)('0' + month % 10);
	memcpy(text + 8, s.p + 5, 2);
	memcpy(text + 11, s.p + 17, 8);
	return iso_time(str_of(text), seconds);
}

enum { DAY_AT = 8, HOUR_AT = 11, SECONDS_END = 19, FRACTION_MAX = 9 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* How many bytes the fraction at at has, its point included. */
static size_t fraction(struct str s, size_t at)
{
	size_t i = at;

	if (i < s.n && s.p[i] == '.')
		for (i++; i < s.n && is_digit(s.p[i]); i++)
			;
	return i - at;
}

/* Are eight bytes those of shape, with any digit where it has a 0? */
static bool has_shape(const char *p, const char *shape)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	uint64_t x, y, digits;

	memcpy(&x, p, sizeof(x));
	memcpy(&y, shape, sizeof(y));
	/*
	 * In hexadecimal, 0 is 30, a dash 2D, a colon 3A and T 54: only 0 has
	 * neither of the bits 04 and 08.  The difference from shape may be up
	 * to 9 at digits, and must be nothing elsewhere.
	 */
	digits = ~(y >> 3 | y >> 2) & each;
	x ^= y;
	return ((x | (x + 0x0F * each - 9 * digits)) & 0xF0 * each) == 0;
}

static bool is_two_below(const char *p, int limit)
{
	return (p[0] - '0') * 10 + p[1] - '0' < limit;
}

/*
 * Nearly all times are in UTC already, and need not be worked out: those of
 * days that every month has.
 */
static bool is_utc(struct str s)
{
	size_t n;

	if (s.n <= SECONDS_END || s.n >= ISO_UTC_SIZE || s.p[s.n - 1] != 'Z')
		return false;
	if (!has_shape(s.p, "0000-00-") || !has_shape(s.p + 8, "00T00:00") ||
	    !has_shape(s.p + HOUR_AT, "00:00:00"))
		return false;
	n = fraction(s, SECONDS_END);
	return n != 1 && SECONDS_END + n + 1 == s.n &&
	       is_two_below(s.p + DAY_AT, 29) &&
	       !is_two_below(s.p + DAY_AT, 1) &&
	       is_two_below(s.p + DAY_AT - 3, 13) &&
	       !is_two_below(s.p + DAY_AT - 3, 1) &&
	       is_two_below(s.p + HOUR_AT, 24) &&
	       is_two_below(s.p + HOUR_AT + 3, 60) &&
	       is_two_below(s.p + HOUR_AT + 6, 60) &&
	       !is_two_below(s.p, 19);
}

struct str iso_utc(struct str s, char room[ISO_UTC_SIZE])
{
	time_t seconds;
	size_t n;

	if (is_utc(s))
		return s;
	if (iso_time(s, &seconds) < 0 || iso_write(room, seconds) < 0)
		return STR_NONE;
	n = fraction(s, SECONDS_END);
	if (n > FRACTION_MAX + 1)
		n = FRACTION_MAX + 1;
	if (n == 1)
		n = 0;
	memcpy(room + SECONDS_END, s.p + SECONDS_END, n);
	memcpy(room + SECONDS_END + n, "Z", sizeof("Z"));
	return (struct str){ room, SECONDS_END + n + 1 };
}
