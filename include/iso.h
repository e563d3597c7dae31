/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iso: times of ISO 8601 as AWS writes them.
 */
#ifndef S3EV_ISO_H
#define S3EV_ISO_H

#include <time.h>

#include "str.h"

/*
 * Read "2026-11-23T05:54:00Z", with or without a fraction, "Z", "UTC" or an
 * offset.  -1 if it is no time.
 */
int iso_time(struct str s, time_t *seconds);

/* Write "2026-11-23T05:54:00Z"; "" if there is no such year. */
enum { ISO_SIZE = sizeof("-2147481748-12-31T23:59:59Z") };
void iso_write(char text[ISO_SIZE], time_t seconds);

#endif
