/* SPDX-License-Identifier: Apache-2.0 */
/* failed_groups: from when on a failed message of a group may come again. */
#include <stdio.h>

#include "sqs/failed_groups.h"
#include "tap.h"

enum { ROOM = 64, MINUTE = 60000 };

static void add(struct failed_groups *failed, unsigned group, uint64_t from)
{
	char name[16];

	snprintf(name, sizeof(name), "%u", group);
	failed_groups_add(failed, str_of(name), from);
}

static void test_first(void)
{
	struct failed_groups failed = { .n = 0 };

	ok(failed_groups_from(&failed, 0) == UINT64_MAX, "none has failed");
	failed_groups_remove(&failed, STR("a"));
	failed_groups_add(&failed, STR("a"), 300);
	failed_groups_add(&failed, STR("b"), 100);
	failed_groups_add(&failed, STR("c"), 200);
	ok(failed_groups_from(&failed, 0) == 100, "the first of them");
	failed_groups_remove(&failed, STR("b"));
	ok(failed_groups_from(&failed, 0) == 200, "the next, when it is here");
	failed_groups_remove(&failed, STR("d"));
	failed_groups_remove(&failed, STR("c"));
	failed_groups_remove(&failed, STR("a"));
	ok(failed_groups_from(&failed, 0) == UINT64_MAX, "all are here");
}

static void test_again(void)
{
	struct failed_groups failed = { .n = 0 };

	failed_groups_add(&failed, STR("a"), 100);
	failed_groups_add(&failed, STR("a"), 500);
	ok(failed_groups_from(&failed, 0) == 500,
	   "one that fails again is awaited later");
	failed_groups_remove(&failed, STR("a"));
	ok(failed_groups_from(&failed, 0) == UINT64_MAX, "and only once");
}

static void test_late(void)
{
	struct failed_groups failed = { .n = 0 };

	failed_groups_add(&failed, STR("a"), 100);
	failed_groups_add(&failed, STR("b"), 200);
	ok(failed_groups_from(&failed, 100 + MINUTE) == 100,
	   "it is awaited for a minute");
	ok(failed_groups_from(&failed, 101 + MINUTE) == 200, "and no longer");
	ok(failed_groups_from(&failed, 0) == 200, "it is forgotten");
	ok(failed_groups_from(&failed, 201 + MINUTE) == UINT64_MAX,
	   "so is the other");
}

static void test_room(void)
{
	struct failed_groups failed = { .n = 0 };

	for (unsigned i = 0; i < ROOM; i++)
		add(&failed, i, 1000 + i);
	add(&failed, ROOM, 1);
	ok(failed_groups_from(&failed, 0) == 1000, "there is room for 64");
	add(&failed, ROOM - 1, 2);
	ok(failed_groups_from(&failed, 0) == 2,
	   "one that has its place keeps it");
	failed_groups_remove(&failed, STR("5"));
	add(&failed, ROOM, 1);
	ok(failed_groups_from(&failed, 0) == 1, "a place that is free is taken");
	ok(failed_groups_from(&failed, 2000 + MINUTE) == UINT64_MAX,
	   "all are forgotten at once");
	add(&failed, 1, 3000 + MINUTE);
	ok(failed_groups_from(&failed, 2000 + MINUTE) == 3000 + MINUTE,
	   "and all places are free");
}

int main(void)
{
	test_first();
	test_again();
	test_late();
	test_room();
	return done();
}
