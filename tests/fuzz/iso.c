/* SPDX-License-Identifier: Apache-2.0 */
/* iso: ISO 8601 as AWS writes it, compared with a calendar of our own. */
#include "creds/creds_job.h"
#include "format/iso.h"
#include "fuzz.h"

/* Days since 1970 of a day of the Gregorian calendar. */
static long long days(long long year, int month, int day)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243,
				      273, 304, 334 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	long long past = year - 1;

	return past * 365 + past / 4 - past / 100 + past / 400 - 719162 +
	       before[month - 1] + (month > 2 && leap) + day - 1;
}

static void check_round_trip(uint32_t random)
{
	time_t now = (time_t)fuzz_random(&random) * 8, got;
	char text[ISO_SIZE];

	iso_write(text, now);
	CHECK(iso_time(str_of(text), &got) == 0 && got == now,
	      "a time comes back as it was");
}

/* Seconds of "+02:00", "-0330", or 0 where there is no sign. */
static long long east(const char *zone)
{
	const char *sign = strpbrk(zone, "+-");
	int hours = 0, minutes = 0;

	if (!sign)
		return 0;
	CHECK(sscanf(sign + 1, "%2d:%2d", &hours, &minutes) == 2 ||
	      sscanf(sign + 1, "%2d%2d", &hours, &minutes) == 2,
	      "an offset has hours and minutes");
	return (*sign == '-' ? -1 : 1) * (hours * 3600LL + minutes * 60LL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = { (const char *)data, size };
	int year, month, day, hour, minute, second, end = 0;
	char *text = fuzz_cstr(s), *copy = fuzz_copy(s);
	time_t seconds = 0;

	check_round_trip(fuzz_seed(s));
	if (iso_time((struct str){ copy, s.n }, &seconds) == 0) {
		CHECK(sscanf(text, "%4d-%2d-%2d%*1[tT ]%2d:%2d:%2d%n", &year,
			     &month, &day, &hour, &minute, &second,
			     &end) == 6 && end == 19,
		      "a time has all its parts");
		CHECK((long long)seconds == days(year, month, day) * 86400 +
		      hour * 3600 + minute * 60 + second - east(text + end),
		      "the seconds are those of the calendar");
	}
	free(text);
	free(copy);
	return 0;
}
