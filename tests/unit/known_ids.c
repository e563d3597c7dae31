/* SPDX-License-Identifier: Apache-2.0 */
/* known_ids: which ids were seen, in memory that does not grow. */
#include <stdio.h>

#include "sqs/known_ids.h"
#include "tap.h"

static struct str id_of(unsigned n)
{
	static char id[32];

	snprintf(id, sizeof(id), "id-%u", n);
	return str_of(id);
}

/* How many of the ids from first on, so many, are known. */
static unsigned count(const struct known_ids *known, unsigned first, unsigned n)
{
	unsigned found = 0;

	for (unsigned i = first; i < first + n; i++)
		found += known_ids_has(known, id_of(i));
	return found;
}

static void test_few(struct known_ids *known)
{
	ok(!known_ids_has(known, STR("a")) && !known_ids_has(known, STR("")),
	   "nothing is known at first");
	known_ids_add(known, STR("a"));
	ok(known_ids_has(known, STR("a")) && !known_ids_has(known, STR("b")) &&
	   !known_ids_has(known, STR("a\0")), "what was added, and nothing else");
	known_ids_add(known, STR(""));
	ok(known_ids_has(known, STR("")), "an empty one, too");
}

/*
 * Ids are scattered over rows, so some are forgotten before all places are
 * taken, but none of a few, and never the last.
 */
static void test_many(struct known_ids *known)
{
	unsigned lost = 0;

	for (unsigned i = 0; i < 4 * KNOWN_IDS; i++) {
		known_ids_add(known, id_of(i));
		lost += !known_ids_has(known, id_of(i));
	}
	ok(lost == 0, "the last one is always known");
	ok(count(known, 4 * KNOWN_IDS - 500, 500) == 500, "the last 500");
	ok(count(known, 0, KNOWN_IDS) < KNOWN_IDS / 10, "old ones make room");
	ok(count(known, 0, 4 * KNOWN_IDS) <= KNOWN_IDS,
	   "no more than there are places for");
	ok(count(known, 3 * KNOWN_IDS, KNOWN_IDS) > KNOWN_IDS / 2,
	   "most of as many as there are places for");
}

/*
 * Ids of one row, so that it fills up.  One that comes again must push nothing
 * out.
 */
static void test_row(struct known_ids *known)
{
	enum { WAYS = 4, ROWS = KNOWN_IDS / WAYS };
	unsigned ids[WAYS + 2], n = 0;

	for (unsigned i = 0; n < WAYS + 2; i++)
		if (known_id(id_of(i)).a % ROWS == 7)
			ids[n++] = i;
	for (unsigned i = 0; i < WAYS; i++)
		known_ids_add(known, id_of(ids[i]));
	known_ids_add(known, id_of(ids[1]));
	known_ids_add(known, id_of(ids[WAYS]));
	ok(!known_ids_has(known, id_of(ids[0])) &&
	   known_ids_has(known, id_of(ids[1])),
	   "in a full row the first that was added makes room");
	known_ids_add(known, id_of(ids[WAYS + 1]));
	ok(!known_ids_has(known, id_of(ids[1])) &&
	   known_ids_has(known, id_of(ids[2])) &&
	   known_ids_has(known, id_of(ids[WAYS])), "then the second");
}

int main(void)
{
	static void (*const tests[])(struct known_ids *) = {
		test_few, test_many, test_row
	};
	struct known_ids none = { .ids = NULL };

	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		struct known_ids known;

		ok(known_ids_init(&known) == 0, "a table");
		tests[i](&known);
		known_ids_free(&known);
	}
	known_ids_free(&none);
	ok(known_id_eq(known_id(STR("x")), known_id(STR("x"))) &&
	   !known_id_eq(known_id(STR("x")), known_id(STR("y"))),
	   "what stands for a text is its own");
	return done();
}
