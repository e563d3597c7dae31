/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iso: times of ISO 8601 as AWS writes them, in UTC, and those of HTTP.
 *
 * The calendar is worked out here: gmtime_r() would read TZ and, the first
 * time, a file.
 */
#ifndef S3EV_ISO_H
#define S3EV_ISO_H

#include <time.h>

#include "base/str.h"

/*
 * Read "2026-11-23T05:54:00Z", with or without a fraction, "Z", "UTC" or an
 * offset.  Returns -1 if s is not a time, or its day not in its month.
 */
int iso_time(struct str s, time_t *seconds);

/*
 * The time s in UTC, "2026-11-23T05:54:00.123Z", with the fraction it has, of
 * which nine digits are kept.  Returns s itself if it is written so already,
 * else what was written to room; absent if s is not a time.
 */
enum { ISO_UTC_SIZE = sizeof("2026-11-23T05:54:00.123456789Z") };
struct str iso_utc(struct str s, char room[ISO_UTC_SIZE]);

enum {
	ISO_SIZE = sizeof("2026-11-23T05:54:00Z"),
	ISO_BASIC_SIZE = sizeof("20261123T055400Z"),
	ISO_HTTP_SIZE = sizeof("Mon, 23 Nov 2026 05:54:00 GMT")
};

/* Write "2026-11-23T05:54:00Z".  -1 with "" outside of the years 1 to 9999. */
int iso_write(char text[ISO_SIZE], time_t seconds);

/* Write the same as "20261123T055400Z". */
int iso_write_basic(char text[ISO_BASIC_SIZE], time_t seconds);

/* Write the same as "Mon, 23 Nov 2026 05:54:00 GMT" (RFC 9110, 5.6.7). */
int iso_write_http(char text[ISO_HTTP_SIZE], time_t seconds);

/* Read that; -1 for the other ways in which RFC 9110 lets old dates be written. */
int iso_read_http(struct str s, time_t *seconds);

#endif
