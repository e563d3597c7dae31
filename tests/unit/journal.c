/* SPDX-License-Identifier: Apache-2.0 */
/* journal: what is put is there after a sync, and only then. */
#include "listen/journal.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

struct seen {
	char names[JOURNAL_GROUP_MAX + 2][JOURNAL_NAME_SIZE];
	size_t n, foreign;
};

static int on_found(void *ctx, const char *name, struct err *err)
{
	struct seen *seen = ctx;

	(void)err;
	memcpy(seen->names[seen->n++], name, JOURNAL_NAME_SIZE);
	return 0;
}

static void on_foreign(void *ctx, const char *name)
{
	struct seen *seen = ctx;

	(void)name;
	seen->foreign++;
}

static struct seen scan(struct journal *journal)
{
	struct seen seen = { .n = 0 };
	struct err err;

	ok(journal_scan(journal, on_found, on_foreign, &seen, &err) == 0,
	   "the folder is read");
	return seen;
}

static void test_names(void)
{
	static const struct {
		const char *name;
		bool is;
	} cases[] = {
		{ "20261129T134215.123456Z", true },
		{ "20261129T134215.12345Z", false },
		{ "20261129T134215.1234567Z", false },
		{ "20261129t134215.123456Z", false },
		{ "2026112xT134215.123456Z", false },
		{ "20261129T134215,123456Z", false },
		{ "../61129T134215.123456Z", false },
		{ "", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ok(journal_is_name(str_of(cases[i].name)) == cases[i].is,
		   "\"%s\" is%s a name", cases[i].name,
		   cases[i].is ? "" : " not");
}

/* More than one group, of which the first is synced by a put. */
static void test_put(struct journal *journal)
{
	char names[JOURNAL_GROUP_MAX + 1][JOURNAL_NAME_SIZE];
	char large[100];
	bool is_right = true;
	struct seen seen;
	struct buf text;
	struct err err;

	buf_init(&text, 100 + JOURNAL_ROOM);
	for (size_t i = 0; i < JOURNAL_GROUP_MAX; i++)
		is_right &= journal_put(journal, STR("event"), names[i],
					&err) == 0;
	ok(is_right && scan(journal).n == 0, "before a sync none is there");
	for (size_t i = 0; i < JOURNAL_GROUP_MAX; i++)
		is_right &= journal_put(journal, STR("event"), names[i],
					&err) == 0;
	ok(!is_right && journal_sync(journal, &err) < 0,
	   "one whose half file was taken away is not safe");
	seen = scan(journal);
	for (size_t i = 0; i < seen.n; i++)
		journal_remove(journal, seen.names[i], &err);

	is_right = true;
	for (size_t i = 0; i <= JOURNAL_GROUP_MAX; i++)
		is_right &= journal_put(journal, STR("event"), names[i],
					&err) == 0;
	ok(is_right && journal_sync(journal, &err) == 0, "a group and one more");
	seen = scan(journal);
	is_right = seen.n == JOURNAL_GROUP_MAX + 1;
	for (size_t i = 0; i < seen.n; i++)
		is_right &= strcmp(seen.names[i], names[i]) == 0;
	ok(is_right, "all are there, oldest first");
	ok(journal_read(journal, names[0], &text, &err) == 0 &&
	   str_is(buf_str(&text), "event"), "and hold what was put");
	for (size_t i = 0; i < seen.n; i++)
		is_right &= journal_remove(journal, names[i], &err) == 0;
	ok(is_right && scan(journal).n == 0 &&
	   journal_remove(journal, names[0], &err) == 0, "and can be removed");
	memset(large, 'x', sizeof(large));
	ok(journal_put(journal, (struct str){ large, 100 }, names[0],
		       &err) == 0 && journal_sync(journal, &err) == 0 &&
	   journal_read(journal, names[0], &text, &err) == 0 &&
	   text.n == 100, "one of the most bytes can be read");
	journal_remove(journal, names[0], &err);
	ok(journal_read(journal, names[0], &text, &err) < 0 &&
	   err_is(&err, "JournalGone"), "what is gone is told");
	buf_free(&text);
}

static void test_refuse(struct journal *journal)
{
	char name[JOURNAL_NAME_SIZE];
	struct err err;
	bool is_right = true;

	for (int i = 0; i < 3; i++) {
		is_right &= journal_put(journal, STR("none"), name, &err) == 0 &&
			    journal_sync(journal, &err) == 0 &&
			    journal_refuse(journal, name, STR("why"), &err) == 0;
	}
	ok(is_right && scan(journal).n == 0,
	   "the same is put aside again and again");
	is_right = journal_put(journal, STR("more"), name, &err) == 0 &&
		   journal_sync(journal, &err) == 0 &&
		   journal_refuse(journal, name, STR("why"), &err) == 0 &&
		   journal_put(journal, STR("still more"), name, &err) == 0 &&
		   journal_sync(journal, &err) == 0;
	ok(is_right && journal_refuse(journal, name, STR("why"), &err) < 0 &&
	   err_is(&err, "RefusedFull") && scan(journal).n == 1,
	   "until there is no room: then it stays");
}

int main(void)
{
	char dir[] = "/tmp/s3ev-journal.XXXXXX";
	struct journal journal, other;
	struct err err;

	test_names();
	if (!mkdtemp(dir) || chdir(dir) < 0)
		return 1;
	ok(journal_open(&journal, "j", 100, 2, &err) == 0, "it is made");
	ok(journal_open(&other, "j", 100, 2, &err) < 0 &&
	   err_is(&err, "JournalInUse"), "and is there once");
	test_put(&journal);
	test_refuse(&journal);
	journal_close(&journal);
	ok(journal_open(&journal, "j", 100, 2, &err) == 0 &&
	   scan(&journal).n == 1, "it can be opened again");
	ok(system("rm -r j && touch j") == 0 &&
	   journal_open(&other, "j", 100, 2, &err) < 0, "a file is none");
	journal_close(&journal);
	return system("cd / && rm -r \"$OLDPWD\"") == 0 ? done() : 1;
}
