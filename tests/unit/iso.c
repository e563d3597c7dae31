/* SPDX-License-Identifier: Apache-2.0 */
#include "format/iso.h"

#include <stdio.h>

#include "tap.h"

static void test_reading(void)
{
	static const struct {
		const char *text;
		long long want;		/* -1: no time */
	} times[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-11-23T05:54:00Z", 1795413240 },
		{ "2026-11-23T05:54:00.123Z", 1795413240 },
		{ "2026-11-23T07:54:00+02:00", 1795413240 },
		{ "2026-11-23T00:24:00-0530", 1795413240 },
		{ "2026-11-23T05:54:00UTC", 1795413240 },
		{ "2026-11-23T05:54:00", 1795413240 },
		{ "", -1 }, { "2026-11-23", -1 }, { "2026-13-23T05:54:00Z", -1 },
		{ "2026-11-23T05:54:00ZZ", -1 }, { "2026-11-23T05:54:00+2", -1 },
		{ "1795413240", -1 }, { "2026-02-29T00:00:00Z", -1 },
		{ "2026-04-31T00:00:00Z", -1 }, { "2024-02-29T00:00:00Z", 1709164800 },
		{ "2026-11-23T05:54:00+24:00", -1 },
		{ "2026-11-23T05:54:00+00:60", -1 },
	};

	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		time_t got = -1;
		int status = iso_time(str_of(times[i].text), &got);

		ok(status < 0 ? times[i].want == -1 : got == times[i].want,
		   "the time \"%s\"", times[i].text);
	}
}

static void test_utc(void)
{
	static const struct {
		const char *text, *want;	/* "" for no time, "=" for the same */
	} times[] = {
		{ "2026-03-27T01:01:58Z", "=" },
		{ "2026-03-27T01:01:58.123Z", "=" },
		{ "2026-03-27T01:01:58.123456789Z", "=" },
		{ "2024-02-29T23:59:59Z", "2024-02-29T23:59:59Z" },
		{ "2026-03-27T01:01:58+08:00", "2026-03-26T17:01:58Z" },
		{ "2025-12-31T20:00:00.5-0430", "2026-01-01T00:30:00.5Z" },
		{ "2026-03-27 01:01:58", "2026-03-27T01:01:58Z" },
		{ "2026-03-27t01:01:58z", "2026-03-27T01:01:58Z" },
		{ "2026-03-27T01:01:58.Z", "2026-03-27T01:01:58Z" },
		{ "2026-03-27T01:01:58.12345678901Z",
		  "2026-03-27T01:01:58.123456789Z" },
		{ "2026-03-27T24:00:00Z", "2026-03-28T00:00:00Z" },
		{ "2026-06-30T23:59:60Z", "2026-07-01T00:00:00Z" },
		{ "2026-03-00T01:01:58Z", "" }, { "2026-00-27T01:01:58Z", "" },
		{ "2026-02-30T01:01:58Z", "" }, { "2026-03-27T25:01:58Z", "" },
		{ "2026-03-27T01:60:58Z", "" }, { "2026-03-27T01:01:58Zx", "" },
		{ "9999-12-31T23:59:59-01:00", "" }, { "1774572118", "" },
		{ "2026-03-27", "" }, { "yesterday", "" }, { "", "" },
	};

	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		struct str text = str_of(times[i].text), got;
		char room[ISO_UTC_SIZE];

		got = iso_utc(text, room);
		ok(*times[i].want == '=' ? got.p == text.p && got.n == text.n :
		   *times[i].want ? str_is(got, times[i].want) : !got.p,
		   "\"%s\" in UTC", times[i].text);
	}
}

static void format(char text[64], const struct tm *tm, const char *format)
{
	snprintf(text, 64, format, tm->tm_year + 1900, tm->tm_mon + 1,
		 tm->tm_mday, tm->tm_hour, tm->tm_min, tm->tm_sec);
}

/* Each fifth day of 9999 years, beside the C library's calendar. */
static void test_calendar(void)
{
	const time_t last = 253402300799, step = 5 * 86400 - 11;
	long wrong = 0, days = 0;

	for (time_t t = -62135596800; t <= last; t += step, days++) {
		char text[ISO_SIZE], basic[ISO_BASIC_SIZE], want[64];
		char http[ISO_HTTP_SIZE];
		struct tm tm;
		time_t back;

		gmtime_r(&t, &tm);
		format(want, &tm, "%04d-%02d-%02dT%02d:%02d:%02dZ");
		wrong += iso_write(text, t) < 0 || strcmp(text, want) != 0;
		format(want, &tm, "%04d%02d%02dT%02d%02d%02dZ");
		wrong += iso_write_basic(basic, t) < 0 ||
			 strcmp(basic, want) != 0;
		strftime(want, sizeof(want), "%a, %d %b ", &tm);
		snprintf(want + strlen(want), sizeof(want) - strlen(want),
			 "%04d %02d:%02d:%02d GMT", tm.tm_year + 1900,
			 tm.tm_hour, tm.tm_min, tm.tm_sec);
		wrong += iso_write_http(http, t) < 0 ||
			 strcmp(http, want) != 0;
		wrong += tm.tm_year >= 0 &&
			 (iso_read_http(str_of(http), &back) < 0 || back != t);
		wrong += tm.tm_year >= 0 &&
			 (iso_time(str_of(text), &back) < 0 || back != t);
	}
	ok(wrong == 0 && days > 730000, "%ld days are those of the calendar",
	   days);
}

static void test_http(void)
{
	static const char *const wrong[] = {
		"", "Mon, 23 Nov 2026 05:54:00 UTC", "Mon, 23 Nov 2026 05:54:00",
		"Mon, 23 Foo 2026 05:54:00 GMT", "Mon, 31 Nov 2026 05:54:00 GMT",
		"Monday, 23-Nov-26 05:54:00 GMT", "Mon Nov 23 05:54:00 2026",
		"Mon, 23 Nov 2026 25:54:00 GMT", "Mon, 23 Nov 20x6 05:54:00 GMT"
	};
	time_t seconds;

	ok(iso_read_http(STR("Mon, 23 Nov 2026 05:54:00 GMT"), &seconds) == 0 &&
	   seconds == 1795413240, "a date of HTTP");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		ok(iso_read_http(str_of(wrong[i]), &seconds) < 0,
		   "no date of HTTP: \"%s\"", wrong[i]);
}

static void test_ends(void)
{
	char text[ISO_SIZE];

	ok(iso_write(text, -62135596800) == 0 &&
	   strcmp(text, "0001-01-01T00:00:00Z") == 0, "the first second");
	ok(iso_write(text, 253402300799) == 0 &&
	   strcmp(text, "9999-12-31T23:59:59Z") == 0, "the last");
	ok(iso_write(text, -62135596801) < 0 && !*text, "none before");
	ok(iso_write(text, 253402300800) < 0 && !*text, "and none after");
	ok(iso_write(text, (time_t)(~0ULL >> 1)) < 0 && !*text,
	   "the largest number is no time");
}

int main(void)
{
	test_reading();
	test_utc();
	test_calendar();
	test_http();
	test_ends();
	return done();
}
