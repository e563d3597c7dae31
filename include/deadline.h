/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deadline: when work has to be finished, in milliseconds since 1970.
 *
 * 0 stands for none.
 */
#ifndef S3EV_DEADLINE_H
#define S3EV_DEADLINE_H

#include <stdint.h>

/* Milliseconds left: 0 if it has passed, UINT64_MAX if there is none. */
uint64_t deadline_left(unsigned long long deadline);

#endif
