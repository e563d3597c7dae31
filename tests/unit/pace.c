/* SPDX-License-Identifier: Apache-2.0 */
/* pace: the limit follows the server. */
#include "aws/pace.h"

#include "tap.h"

static void begin(struct pace *pace, unsigned n)
{
	while (n-- > 0)
		pace_begin(pace);
}

static void test_no_limit(void)
{
	struct pace pace;

	pace_init(&pace, 0);
	begin(&pace, 5000);
	ok(!pace_is_full(&pace) && !pace_is_over(&pace), "no limit");
	ok(!pace_throttled(&pace, pace.epoch) && !pace_clean(&pace),
	   "and none comes");
}

static void test_cuts(void)
{
	struct pace pace;
	unsigned epoch;

	pace_init(&pace, 32);
	begin(&pace, 32);
	epoch = pace.epoch;
	ok(pace_is_full(&pace) && !pace_is_over(&pace), "32 are full");
	ok(pace_throttled(&pace, epoch) && pace.limit == 16, "halved");
	for (int i = 0; i < 31; i++)
		pace_throttled(&pace, epoch);
	ok(pace.limit == 16, "once for all that was sent before");
	ok(pace_is_over(&pace), "too many are under way");
	ok(pace_throttled(&pace, pace.epoch) && pace.limit == 8,
	   "again for what was sent after");
	while (pace.limit > 1)
		pace_throttled(&pace, pace.epoch);
	ok(pace.pause_ms == 0, "down to one at a time, without a pause");
	ok(!pace_throttled(&pace, pace.epoch) && pace.pause_ms == 100,
	   "then with one");
	for (int i = 0; i < 9; i++)
		pace_throttled(&pace, pace.epoch);
	ok(pace.limit == 1 && pace.pause_ms == 1000, "of a second at most");
	pace_gave_up(&pace);
	ok(pace.pause_ms == 0 && !pace_is_over(&pace),
	   "all may fail when one was given up");
	ok(pace_clean(&pace) && pace.limit == 2 && pace_is_over(&pace),
	   "until there is a clean answer");
}

static void test_unused(void)
{
	struct pace pace;

	pace_init(&pace, 32);
	begin(&pace, 6);
	pace_throttled(&pace, pace.epoch);
	ok(pace.limit == 3, "what was not used was not too much");
}

static void test_growth(void)
{
	struct pace pace;
	unsigned n = 0;

	pace_init(&pace, 4);
	begin(&pace, 4);
	pace_throttled(&pace, pace.epoch);
	pace_throttled(&pace, pace.epoch);
	pace_throttled(&pace, pace.epoch);
	while (pace.pause_ms > 0) {
		pace_clean(&pace);
		n++;
	}
	ok(n > 5 && n < 20 && pace.limit == 1, "the pause shrinks first");
	ok(pace_clean(&pace) && pace.limit == 2, "one clean answer to one");
	ok(!pace_clean(&pace) && pace_clean(&pace) && pace.limit == 3,
	   "two to two");
	for (n = 0; n < 100; n++)
		pace_clean(&pace);
	ok(pace.limit == 4, "never more than asked for");
}

int main(void)
{
	test_no_limit();
	test_cuts();
	test_unused();
	test_growth();
	return done();
}
