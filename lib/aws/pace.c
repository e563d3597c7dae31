/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/pace.h"

enum { PAUSE_MIN_MS = 20, PAUSE_FIRST_MS = 100, PAUSE_MAX_MS = 1000 };

void pace_init(struct pace *pace, unsigned max)
{
	*pace = (struct pace){ .limit = max, .max = max };
}

static unsigned limit(const struct pace *pace)
{
	return pace->hopeless ? pace->max : pace->limit;
}

bool pace_is_full(const struct pace *pace)
{
	if (pace->max == 0)
		return false;
	return pace->active >= limit(pace) ||
	       (pace->urgent > 0 && !pace->hopeless);
}

bool pace_is_over(const struct pace *pace)
{
	return pace->max > 0 && pace->active > limit(pace);
}

void pace_begin(struct pace *pace)
{
	pace->active++;
}

void pace_end(struct pace *pace)
{
	pace->active--;
}

static void shorten_pause(struct pace *pace)
{
	pace->pause_ms -= pace->pause_ms / 8;
	if (pace->pause_ms < PAUSE_MIN_MS)
		pace->pause_ms = 0;
}

/* While there are pauses, one request at a time is too much already. */
bool pace_clean(struct pace *pace)
{
	pace->hopeless = false;
	if (pace->pause_ms > 0) {
		shorten_pause(pace);
		return false;
	}
	if (pace->limit >= pace->max || ++pace->clean < pace->limit)
		return false;
	pace->clean = 0;
	pace->limit++;
	return true;
}

static void lengthen_pause(struct pace *pace)
{
	pace->pause_ms = pace->pause_ms > 0 ? 2 * pace->pause_ms :
					      PAUSE_FIRST_MS;
	if (pace->pause_ms > PAUSE_MAX_MS)
		pace->pause_ms = PAUSE_MAX_MS;
}

/* Cut from the number in flight, not from the limit, which may be larger. */
bool pace_throttled(struct pace *pace, unsigned epoch)
{
	unsigned before = pace->limit;

	if (pace->max == 0 || pace->hopeless || epoch != pace->epoch)
		return false;
	pace->epoch++;
	pace->clean = 0;
	if (pace->active < pace->limit)
		pace->limit = pace->active;
	pace->limit /= 2;
	if (pace->limit == 0)
		pace->limit = 1;
	if (before == 1)
		lengthen_pause(pace);
	return pace->limit != before;
}

void pace_gave_up(struct pace *pace)
{
	pace->pause_ms = 0;
	pace->hopeless = pace->limit == 1;
}
