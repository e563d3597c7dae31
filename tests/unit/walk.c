/* SPDX-License-Identifier: Apache-2.0 */
/* walk: no key is missed and none comes twice, on a server that is played. */
#include "list/walk.h"

#include <stdint.h>
#include <stdlib.h>

#include "list/middle.h"
#include "tap.h"

enum { KEYS_MAX = 200000, KEY_SIZE = 64, OUT_MAX = 2 * KEYS_MAX };

static char (*keys)[KEY_SIZE];	/* of the bucket, in order */
static unsigned char *seen;
static size_t n_keys;
static unsigned seed = 1;

static unsigned number(unsigned below)
{
	seed = seed * 1103515245 + 12345;
	return (unsigned)((unsigned long long)(seed >> 8) * below >> 24);
}

static int compare(const void *a, const void *b)
{
	return str_compare(str_of(a), str_of(b));
}

static void sort_keys(size_t n)
{
	n_keys = 0;
	qsort(keys, n, KEY_SIZE, compare);
	for (size_t i = 0; i < n; i++)
		if (n_keys == 0 || strcmp(keys[i], keys[n_keys - 1]) != 0)
			memmove(keys[n_keys++], keys[i], KEY_SIZE);
}

static void put_uuid(char *to)
{
	static const int groups[] = { 4, 2, 2, 2, 6 };

	for (int g = 0; g < 5; g++) {
		if (g > 0)
			*to++ = '-';
		for (int i = 0; i < groups[g]; i++)
			to += sprintf(to, "%02x", number(256));
	}
}

static void make_uuid(size_t i, char *key)
{
	(void)i;
	put_uuid(key);
}

static void make_date(size_t i, char *key)
{
	unsigned day = (unsigned)(i % 365);

	key += sprintf(key, "2025/%02u/%02u/", day / 31 + 1, day % 31 + 1);
	put_uuid(key);
}

static void make_number(size_t i, char *key)
{
	sprintf(key, "in/%zu.csv", i * 7);
}

static void make_padded(size_t i, char *key)
{
	sprintf(key, "part-%08zu", i);
}

static void make_mixed(size_t i, char *key)
{
	static const char *const tops[] = { "archive/", "Logs/", "2024/",
					    "2025/12/", "\xE6\x97\xA5/", "_x/" };

	key += sprintf(key, "%s", tops[number(6)]);
	if (number(2))
		put_uuid(key);
	else
		sprintf(key, "file %zu+%%%u", i, number(100000));
}

/* Anything: also the same few bytes again and again, and U+FFFF. */
static void make_wild(size_t i, char *key)
{
	static const char *const pieces[] = { "a", "b", "/", "\x01", "0", "9",
					      "\xC3\xA9", "\xEF\xBF\xBF", "z",
					      "\xF0\x9F\x98\x80", "~", "aaa" };
	unsigned n = 1 + number(12);

	(void)i;
	for (*key = '\0'; n > 0; n--)
		strcat(key, pieces[number(12)]);
}

static void make_keys(void (*make)(size_t i, char *key), size_t n)
{
	for (size_t i = 0; i < n; i++)
		make(i, keys[i]);
	sort_keys(n);
	memset(seen, 0, n_keys);
}

/* The server */

/* The first key behind one. */
static size_t find(struct str after)
{
	size_t low = 0, high = n_keys;

	while (low < high) {
		size_t at = (low + high) / 2;

		if (str_compare(str_of(keys[at]), after) > 0)
			high = at;
		else
			low = at + 1;
	}
	return low;
}

static struct page_entry entries[1000];

static void answer(const struct walk_span *span, size_t size, struct str prefix,
		   struct page *page)
{
	size_t at = find(buf_str(&span->after));

	if (str_compare(buf_str(&span->after), prefix) < 0)
		for (at = 0; at < n_keys &&
		     !str_has_prefix(str_of(keys[at]), prefix); at++)
			;
	*page = (struct page){ .entries = entries };
	while (page->n < size && at < n_keys &&
	       str_has_prefix(str_of(keys[at]), prefix))
		entries[page->n++] = (struct page_entry){
			.key = str_of(keys[at++])
		};
	page->is_truncated = at < n_keys &&
			     str_has_prefix(str_of(keys[at]), prefix);
}

static void note(const struct page *page)
{
	for (size_t i = 0; i < page->n; i++) {
		size_t at = (size_t)(page->entries[i].key.p - keys[0]) /
			    KEY_SIZE;

		if (seen[at] < 255)
			seen[at]++;
	}
}

/*
 * Walk with answers that come in any order, or if they come all at once, how
 * often one has to wait for them.
 */
static size_t play(struct walk *walk, unsigned jobs, size_t size,
		   struct str prefix, bool at_once, size_t stop_after)
{
	struct walk_span *asked[WALK_JOBS_MAX];
	struct page page;
	size_t n = 0, rounds = 0, pages = 0;
	struct err err;

	while (!walk_is_done(walk) && pages < stop_after) {
		while (n < jobs && (asked[n] = walk_next(walk)) != NULL)
			n++;
		rounds++;
		do {
			size_t i = at_once ? 0 : number((unsigned)n);
			struct walk_span *span = asked[i];

			answer(span, size, prefix, &page);
			asked[i] = asked[--n];
			if (walk_take(walk, span, &page, &err) < 0) {
				printf("# %s: %s\n", err.code, err.message);
				return 0;
			}
			note(&page);
			pages++;
		} while (at_once && n > 0);
	}
	return rounds;
}

/* How many keys with the prefix did not come exactly once? */
static size_t count_wrong(struct str prefix)
{
	size_t wrong = 0;

	for (size_t i = 0; i < n_keys; i++)
		wrong += seen[i] !=
			 str_has_prefix(str_of(keys[i]), prefix);
	return wrong;
}

static const struct {
	const char *name;
	void (*make)(size_t i, char *key);
} kinds[] = {
	{ "UUIDs", make_uuid }, { "dates", make_date },
	{ "numbers", make_number }, { "padded numbers", make_padded },
	{ "mixed names", make_mixed }, { "anything", make_wild },
};
enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

static void test_any_order(void)
{
	struct walk walk;
	size_t wrong = 0, runs = 0;

	for (unsigned run = 0; run < 120; run++) {
		unsigned jobs = 1 + number(40);
		size_t size = 1 + number(50);
		struct str prefix = run % 5 == 0 ? STR("2025/") : STR("");

		make_keys(kinds[run % KINDS].make, number(3000));
		walk_init(&walk, prefix, STR_NONE, jobs, false);
		runs += play(&walk, jobs, size, prefix, false, SIZE_MAX) > 0;
		wrong += count_wrong(prefix);
		walk_free(&walk);
	}
	ok(runs == 120 && wrong == 0, "every key comes once, whatever the "
	   "order of answers (%zu wrong)", wrong);
}

/* As listing.c and s3ls do it: what is left is begun with. */
static void test_resume(void)
{
	struct str from[64], to[64];
	struct walk walk, again;
	size_t wrong = 0, early = 0;

	for (unsigned run = 0; run < 80; run++) {
		unsigned jobs = 1 + number(20);
		size_t n = 0, up_to;

		make_keys(kinds[run % KINDS].make, 2000);
		walk_init(&walk, STR(""), STR_NONE, jobs, false);
		play(&walk, jobs, 20, STR(""), false, number(60));
		up_to = find(walk_safe(&walk));
		for (size_t i = 0; !walk_is_done(&walk) && i < up_to; i++)
			early += seen[i] != 1;
		for (struct walk_span *s = walk.spans; s; s = s->next, n++) {
			from[n] = buf_str(&s->safe);
			to[n] = s->is_open ? STR_NONE : buf_str(&s->upto);
		}
		walk_init(&again, STR(""), STR_NONE, jobs, false);
		walk_clear(&again);
		for (size_t i = 0; i < n; i++)
			walk_add(&again, from[i], to[i]);
		play(&again, jobs, 20, STR(""), false, SIZE_MAX);
		wrong += count_wrong(STR(""));
		walk_free(&walk);
		walk_free(&again);
	}
	ok(early == 0, "all up to the mark is out");
	ok(wrong == 0, "what is left is what did not come (%zu wrong)", wrong);
}

static void test_order(void)
{
	struct walk walk;
	struct page page;
	struct err err;
	size_t at = 0;
	bool ordered = true;

	make_keys(make_mixed, 3000);
	walk_init(&walk, STR(""), STR_NONE, 1, false);
	while (!walk_is_done(&walk)) {
		struct walk_span *span = walk_next(&walk);

		answer(span, 7, STR(""), &page);
		walk_take(&walk, span, &page, &err);
		for (size_t i = 0; i < page.n; i++, at++)
			ordered &= page.entries[i].key.p == keys[at];
	}
	ok(ordered && at == n_keys, "with one request keys come in order");
	walk_free(&walk);
}

/* 200 pages: as many at a time as there may be, nearly, and few in vain. */
static void test_rounds(void)
{
	for (size_t k = 0; k < KINDS; k++) {
		struct walk walk;
		size_t rounds, wrong, times = k < 4 ? 17 : 9;
		size_t percent = k < 4 ? 140 : 200;

		make_keys(kinds[k].make, KEYS_MAX);
		walk_init(&walk, STR(""), STR_NONE, 32, false);
		rounds = play(&walk, 32, 1000, STR(""), true, SIZE_MAX);
		wrong = count_wrong(STR(""));
		ok(wrong == 0 && rounds * times <= n_keys / 1000 &&
		   walk.wasted + walk.full <= n_keys / 1000 * percent / 100,
		   "%s: %zu keys in %zu rounds, %llu of %llu pages in vain",
		   kinds[k].name, n_keys, rounds, walk.wasted,
		   walk.wasted + walk.full);
		walk_free(&walk);
	}
}

static void test_guesses(void)
{
	static struct middle_seen seen_at;
	struct middle guesses[MIDDLE_MAX];
	size_t wrong = 0, total = 0;

	for (unsigned run = 0; run < 20000; run++) {
		char low[KEY_SIZE], high[KEY_SIZE], guess[KEY_SIZE + MIDDLE_END] = "";
		struct str before = STR("");
		size_t first, n;

		kinds[run % KINDS].make(run, low);
		kinds[number(KINDS)].make(run, high);
		first = number(8);
		middle_learn(&seen_at, str_of(high));
		n = middle_guess(&seen_at, str_of(low),
				 run % 3 ? str_of(high) : STR_NONE, run % 2,
				 first, first + number(20), 1 + number(40),
				 guesses);
		for (size_t i = 0; i < n; i++) {
			memcpy(guess, low, guesses[i].keep);
			memcpy(guess + guesses[i].keep, guesses[i].end,
			       guesses[i].end_n);
			guess[guesses[i].keep + guesses[i].end_n] = '\0';
			wrong += str_compare(str_of(guess),
					     str_of(low)) <= 0 ||
				 (run % 3 && str_compare(str_of(guess),
							 str_of(high)) >= 0)
				 || !str_is_utf8(str_of(guess)) ||
				 str_has_control((struct str){
					guesses[i].end, guesses[i].end_n }) ||
				 (i > 0 && i == 1 && before.n > KEY_SIZE);
		}
		total += n;
	}
	ok(wrong == 0 && total > 20000, "guesses lie between (%zu of %zu do "
	   "not)", wrong, total);
}

/* Keys that are taken for numbers. */
static void test_even(void)
{
	static const struct {
		const char *seen;			/* words */
		const char *first, *last, *high;	/* of a page, and behind it */
		double share;
		const char *guesses;
	} cases[] = {
		{ "order-0001234 order-0056789 order-0099999",
		  "order-0100001", "order-0101000", "order-02", 99,
		  "order-0125 order-0151 order-0175" },
		{ "2025/03/01/a 2025/03/12/b 2025/03/29/f",
		  "2025/03/01/a", "2025/03/03/a", "2025/03/3", 12.5,
		  "2025/03/09/b 2025/03/16/d 2025/03/23/e" },
		{ "", "in/1000", "in/1999", "in/9", 7,
		  "in/37 in/54 in/72" },
		{ "\xC3\xA9/ab", "\xC3\xA9/10", "\xC3\xA9/19", "\xC3\xA9/7",
		  5.67, "\xC3\xA9/31 \xC3\xA9/44 \xC3\xA9/57" },
		{ "", "a-b", "a-c", "a-f", 3, "a-d a-e" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str last = str_of(cases[i].last), word;
		struct str high = str_of(cases[i].high);
		struct str words = str_of(cases[i].seen);
		struct middle_seen seen_at = { { { 0 } } };
		struct middle guesses[3];
		char text[3 * KEY_SIZE] = "", *to = text;
		double share;
		size_t n;

		while ((word = str_next(&words, ' ')).n > 0)
			middle_learn(&seen_at, word);
		share = middle_share(&seen_at, str_of(cases[i].first), last,
				     high);
		n = middle_guess(&seen_at, last, high, true, 0, 0, 3, guesses);
		for (size_t k = 0; k < n; k++)
			to += sprintf(to, "%s%.*s%.*s", k > 0 ? " " : "",
				      (int)guesses[k].keep, last.p,
				      guesses[k].end_n, guesses[k].end);
		ok(share > 0.98 * cases[i].share &&
		   share < 1.02 * cases[i].share &&
		   strcmp(text, cases[i].guesses) == 0,
		   "%s: %.2f more, %s", cases[i].last, share, text);
	}
	ok(middle_share(&(struct middle_seen){ { { 0 } } }, STR("\xE6\x97\xA5"),
			STR("\xE6\x97\xA5/a"), STR("\xE6\x97\xB5")) ==
	   MIDDLE_UNKNOWN, "what is no number has no distance");
}

/* Versions, and pages that do not lead on */

static void test_versions(void)
{
	struct page_entry all[7] = {
		{ .key = STR("a"), .version = STR("3") },
		{ .key = STR("a"), .version = STR("2") },
		{ .key = STR("a"), .version = STR("1") },
		{ .key = STR("b"), .version = STR("1") },
		{ .key = STR("b"), .version = STR("null"), .is_marker = true },
		{ .key = STR("c"), .version = STR("1") },
		{ .key = STR("c"), .version = STR("2") },
	};
	struct page page = { .entries = all, .n = 2, .is_truncated = true };
	struct walk_span *span;
	struct walk walk;
	struct err err;

	walk_init(&walk, STR(""), STR_NONE, 1, true);
	span = walk_next(&walk);
	ok(walk_take(&walk, span, &page, &err) == 0 && page.n == 2 &&
	   str_is(walk_safe(&walk), ""), "not all of a key is out");
	ok(str_is(buf_str(&span->after), "a") &&
	   str_is(buf_str(&span->version), "2"), "it goes on at a version");
	page = (struct page){ .entries = all + 2, .n = 3,
			      .is_truncated = true };
	walk_next(&walk);
	ok(walk_take(&walk, span, &page, &err) == 0 &&
	   str_is(walk_safe(&walk), "a"), "now it is");
	page = (struct page){ .entries = all + 4, .n = 2,
			      .is_truncated = true };
	walk_next(&walk);
	ok(walk_take(&walk, span, &page, &err) < 0 &&
	   err_is(&err, "NoProgress"), "the same version again is an error");
	walk_free(&walk);
}

/* JSON has no bytes that are not UTF-8; U+FFFD in their place is a later key. */
static void test_not_utf8(void)
{
	struct page_entry all[2] = {
		{ .key = STR("a\xC3\xA9") },
		{ .key = STR("k\xC3\xC3") },
	};
	struct page page = { .entries = all, .n = 2, .is_truncated = true };
	struct walk walk;
	struct buf left;
	struct err err;

	buf_init(&left, 1024);
	walk_init(&walk, STR(""), STR_NONE, 1, false);
	ok(walk_take(&walk, walk_next(&walk), &page, &err) == 0 &&
	   str_is(walk_safe(&walk), "k"), "a key that is not UTF-8 is cut off");
	walk_put_left(&walk, &left);
	ok(str_is(buf_str(&left), "[[\"k\"]]"), "so is what is left: %.*s",
	   STR_FMT(buf_str(&left)));
	walk_clear(&walk);
	walk_add(&walk, STR("a"), STR("k\x80"));
	walk_add(&walk, STR("k\x80"), STR_NONE);
	buf_reset(&left);
	walk_put_left(&walk, &left);
	ok(str_is(buf_str(&left), "[[\"a\",\"k\"],[\"k\"]]"),
	   "both sides of a cut are one key: %.*s", STR_FMT(buf_str(&left)));
	walk_free(&walk);
	buf_free(&left);
}

static void test_stuck(void)
{
	struct page_entry all[] = { { .key = STR("a") }, { .key = STR("c") },
				    { .key = STR("b") } };
	struct page page = { .entries = all, .n = 2, .is_truncated = true };
	struct walk_span *span;
	struct walk walk;
	struct err err;

	walk_init(&walk, STR(""), STR_NONE, 4, false);
	span = walk_next(&walk);
	ok(!walk_next(&walk), "nothing is to be split yet");
	walk_take(&walk, span, &page, &err);
	page = (struct page){ .entries = all, .n = 2, .is_truncated = true };
	ok(walk_take(&walk, span, &page, &err) < 0 &&
	   err_is(&err, "NoProgress"), "the same page again is an error");
	page = (struct page){ .is_truncated = true };
	ok(walk_take(&walk, span, &page, &err) < 0 &&
	   err_is(&err, "NoProgress"), "so is an empty one without a token");
	page = (struct page){ .is_truncated = true, .token = STR("t") };
	ok(walk_take(&walk, span, &page, &err) == 0 &&
	   str_is(buf_str(&span->token), "t"), "with one it goes on");
	page = (struct page){ .is_truncated = true, .token = STR("t") };
	ok(walk_take(&walk, span, &page, &err) < 0 &&
	   err_is(&err, "NoProgress"), "but not twice by the same");
	walk_free(&walk);

	walk_init(&walk, STR("a"), STR_NONE, 4, false);
	span = walk_next(&walk);
	page = (struct page){ .entries = all, .n = 2 };
	ok(walk_take(&walk, span, &page, &err) < 0 &&
	   err_is(&err, "OtherPrefix"), "other prefixes are an error");
	walk_free(&walk);

	walk_init(&walk, STR(""), STR_NONE, 4, false);
	span = walk_next(&walk);
	page = (struct page){ .entries = all, .n = 3 };
	ok(walk_take(&walk, span, &page, &err) < 0 &&
	   err_is(&err, "UnsortedList"), "so is another order");
	walk_free(&walk);
}

/* What has no room is not left out: without a prefix, all would be listed. */
static void test_room(void)
{
	static char text[WALK_KEY_MAX + 1];
	struct page_entry all[] = { { .key = STR("a") } };
	struct page page = { .entries = all, .n = 1 };
	struct str large = { memset(text, 'k', sizeof(text)), sizeof(text) };
	struct walk walk;
	struct err err;

	walk_init(&walk, large, STR_NONE, 4, false);
	ok(walk_take(&walk, walk_next(&walk), &page, &err) < 0 &&
	   err_is(&err, ERR_MEMORY), "a prefix that has no room");
	walk_free(&walk);
	walk_init(&walk, STR(""), large, 4, false);
	ok(walk_take(&walk, walk_next(&walk), &page, &err) < 0 &&
	   err_is(&err, ERR_MEMORY), "a key to begin behind that has none");
	walk_free(&walk);
	page = (struct page){ .is_truncated = true, .token = large };
	walk_init(&walk, STR(""), STR_NONE, 4, false);
	ok(walk_take(&walk, walk_next(&walk), &page, &err) < 0 &&
	   err_is(&err, ERR_MEMORY), "a token behind an empty page");
	walk_free(&walk);
	page.token = STR("a");
	page.next_version = large;
	walk_init(&walk, STR(""), STR_NONE, 4, true);
	ok(walk_take(&walk, walk_next(&walk), &page, &err) < 0 &&
	   err_is(&err, ERR_MEMORY), "the version that goes with it");
	walk_free(&walk);
}

static void test_left(void)
{
	struct walk walk;
	struct buf out;

	buf_init(&out, 4096);
	walk_init(&walk, STR(""), STR("a\""), 4, false);
	walk_put_left(&walk, &out);
	is(out.p, out.n, "[[\"a\\\"\"]]", "what is left, at first");
	walk_clear(&walk);
	walk_add(&walk, STR(""), STR("b"));
	walk_add(&walk, STR("c"), STR_NONE);
	buf_reset(&out);
	walk_put_left(&walk, &out);
	is(out.p, out.n, "[[\"\",\"b\"],[\"c\"]]", "what is left, later");
	walk_free(&walk);
	buf_free(&out);
}

int main(void)
{
	keys = calloc(KEYS_MAX, KEY_SIZE);
	seen = calloc(KEYS_MAX, 1);
	if (!keys || !seen)
		return 1;
	test_guesses();
	test_even();
	test_any_order();
	test_resume();
	test_order();
	test_rounds();
	test_versions();
	test_not_utf8();
	test_stuck();
	test_room();
	test_left();
	free(keys);
	free(seen);
	return done();
}
