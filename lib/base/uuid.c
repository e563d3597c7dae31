/* SPDX-License-Identifier: Apache-2.0 */
#include "base/uuid.h"

#include <stdio.h>
#include <sys/random.h>

enum { VERSION = 0x40, VARIANT = 0x80 };

/* getrandom(2) does not fail for so few bytes. */
void uuid_make(char uuid[UUID_SIZE])
{
	unsigned char b[16] = { 0 };

	(void)!getrandom(b, sizeof(b), 0);
	b[6] = (unsigned char)((b[6] & 0x0f) | VERSION);
	b[8] = (unsigned char)((b[8] & 0x3f) | VARIANT);
	snprintf(uuid, UUID_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
		 "%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4], b[5],
		 b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		 b[15]);
}
