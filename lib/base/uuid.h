/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uuid: a name that nobody else has, made without asking anybody.
 *
 * It is random, version 4 of RFC 9562, section 5.4.
 */
#ifndef S3EV_UUID_H
#define S3EV_UUID_H

enum { UUID_SIZE = 37 };	/* with the NUL */

/* Make one, "919108f7-52d1-4320-9bac-f847db4148a8". */
void uuid_make(char uuid[UUID_SIZE]);

#endif
