/* SPDX-License-Identifier: Apache-2.0 */
#include "deadline.h"

#include <time.h>

uint64_t deadline_left(unsigned long long deadline)
{
	struct timespec clock;
	uint64_t now;

	if (deadline == 0)
		return UINT64_MAX;
	clock_gettime(CLOCK_REALTIME, &clock);
	now = (uint64_t)clock.tv_sec * 1000 + (uint64_t)clock.tv_nsec / 1000000;
	return deadline > now ? deadline - now : 0;
}
