/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock: how much time has passed, and how much is left.
 *
 * A deadline is in milliseconds since 1970; 0 means that there is none.
 */
#ifndef S3EV_CLOCK_H
#define S3EV_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970. */
uint64_t clock_now(void);

/* Milliseconds left: 0 if it has passed, UINT64_MAX if there is none. */
uint64_t clock_left(unsigned long long deadline);

/* Microseconds of the monotonic clock. */
uint64_t clock_us(void);

#endif
