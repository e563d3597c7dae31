/* SPDX-License-Identifier: Apache-2.0 */
/* guard: nothing is written where events come from. */
#include "place/guard.h"
#include "tap.h"

static struct record record = { .bucket = STR("in"), .key = STR("new/a.csv"),
				.id = STR("ID") };

static bool is_safe(const char *prefix, const char *bucket, const char *key)
{
	struct err err = { .code = "" };
	int status = guard_check(prefix, &record, str_of(bucket), str_of(key),
				 &err);

	return status == 0 && !err_is_set(&err);
}

static bool says(const char *prefix, const char *key, const char *words)
{
	struct err err = { .code = "" };

	return guard_check(prefix, &record, STR("in"), str_of(key), &err) < 0 &&
	       strcmp(err.code, "WouldLoop") == 0 && !err.retry &&
	       strstr(err.message, words);
}

static void test_long(void)
{
	char key[RECORD_KEY_MAX + 1];

	memset(key, 'x', RECORD_KEY_MAX);
	key[RECORD_KEY_MAX] = '\0';
	ok(is_safe("new/", "in", key), "the longest key is safe elsewhere");
	memcpy(key, "new/", 4);
	ok(says("new/", key, "--source-prefix new/"), "but not there");
}

int main(void)
{
	ok(is_safe(NULL, "processed", "new/a.csv"), "another bucket is safe");
	ok(is_safe("new/", "processed", "new/a.csv"),
	   "whatever the prefix is");
	ok(says(NULL, "done/a.csv", "--source-prefix"),
	   "the bucket of the event is not, and it is said what helps");
	ok(says("", "done/a.csv", "where the event comes from"),
	   "an empty prefix is none");
	ok(is_safe("new/", "in", "done/a.csv"), "outside the prefix it is");
	ok(is_safe("new/", "in", "new"), "a shorter name is outside");
	ok(says("new/", "new/done/a.csv", "new/done/a.csv"), "inside it is not");
	ok(says("new/", "new/a.csv", "--source-prefix new/"),
	   "nor is the object itself");
	record.key = STR("done/a.csv");
	ok(says("new/", "done/a.csv", "does not come from --source-prefix"),
	   "an event that is outside itself shows that there are others");
	record.key = STR("a~ID.csv");
	ok(says("a~", "a.csv", "a~ID.csv"), "the second name counts");
	record.key = STR("a.csv.why");
	ok(says("a.csv.why", "a.csv", "a.csv.why.json"),
	   "and what explains it");
	record.key = STR("a~ID.csv.why");
	ok(says("a~ID.csv.why", "a.csv", "a~ID.csv.why.json"),
	   "under its second name, too");
	record.key = STR("new/a.csv");
	test_long();
	return done();
}
