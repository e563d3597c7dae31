/* SPDX-License-Identifier: Apache-2.0 */
#include "list/walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "format/json_write.h"
#include "list/middle.h"

enum {
	SAMPLE = 16,		/* of so many keys one */
	EVEN_PAGES_MAX = 1000	/* where there seem to be more, there are gaps */
};

static void set(struct buf *buf, struct str text)
{
	buf_reset(buf);
	buf_put_str(buf, text);
}

static struct walk_span *new_span(void)
{
	struct walk_span *span = calloc(1, sizeof(*span));

	if (!span)
		return NULL;
	buf_init(&span->after, WALK_KEY_MAX);
	buf_init(&span->version, WALK_KEY_MAX);
	buf_init(&span->token, WALK_KEY_MAX);
	buf_init(&span->token_version, WALK_KEY_MAX);
	buf_init(&span->upto, WALK_KEY_MAX);
	buf_init(&span->safe, WALK_KEY_MAX);
	return span;
}

static void free_span(struct walk_span *span)
{
	buf_free(&span->after);
	buf_free(&span->version);
	buf_free(&span->token);
	buf_free(&span->token_version);
	buf_free(&span->upto);
	buf_free(&span->safe);
	free(span);
}

/* Put a new span behind one, or at the beginning. */
static struct walk_span *insert(struct walk *walk, struct walk_span *behind,
				struct str after, struct str upto)
{
	struct walk_span **link = behind ? &behind->next : &walk->spans;
	struct walk_span *span = new_span();

	if (!span) {
		walk->failed = true;
		return NULL;
	}
	set(&span->after, after);
	set(&span->safe, after);
	span->is_open = !upto.p;
	span->is_foreign = after.n > 0;
	set(&span->upto, upto);
	walk->failed |= span->after.failed || span->safe.failed ||
			span->upto.failed;
	span->next = *link;
	*link = span;
	walk->count++;
	return span;
}

void walk_clear(struct walk *walk)
{
	while (walk->spans) {
		struct walk_span *span = walk->spans;

		walk->spans = span->next;
		free_span(span);
	}
	walk->count = 0;
}

void walk_init(struct walk *walk, struct str prefix, struct str after,
	       unsigned jobs, bool versions)
{
	*walk = (struct walk){ .jobs = jobs, .versions = versions };
	buf_init(&walk->prefix, WALK_KEY_MAX);
	buf_init(&walk->greatest, WALK_KEY_MAX);
	buf_put_str(&walk->prefix, prefix);
	walk->failed = walk->prefix.failed;
	insert(walk, NULL, after, STR_NONE);
}

void walk_free(struct walk *walk)
{
	walk_clear(walk);
	buf_free(&walk->prefix);
	buf_free(&walk->greatest);
}

void walk_add(struct walk *walk, struct str after, struct str upto)
{
	struct walk_span *last = walk->spans;

	while (last && last->next)
		last = last->next;
	insert(walk, last, after, upto);
}

bool walk_is_done(const struct walk *walk)
{
	return !walk->spans;
}

static struct str upto(const struct walk_span *span)
{
	return span->is_open ? STR_NONE : buf_str(&span->upto);
}

/* Of those that have shown to be long the one that went longest uncut. */
static struct walk_span *longest(const struct walk *walk, unsigned *long_ones)
{
	struct walk_span *found = NULL;

	*long_ones = 0;
	for (struct walk_span *s = walk->spans; s; s = s->next) {
		if (s->pages == 0 || s->last == 0)
			continue;
		++*long_ones;
		if (!found || s->more > found->more)
			found = s;
	}
	return found;
}

static void put_guess(struct buf *key, struct str low,
		      const struct middle *guess)
{
	buf_reset(key);
	buf_put(key, low.p, guess->keep);
	buf_put(key, guess->end, guess->end_n);
}

/* Cut a span into as many as there are guesses, and one more. */
static void cut(struct walk *walk, struct walk_span *span, size_t want)
{
	struct middle guesses[WALK_JOBS_MAX];
	struct str low = buf_str(&span->after), high = upto(span);
	bool even = span->more < EVEN_PAGES_MAX;
	size_t n = middle_guess(&walk->seen, low, high, even, span->first,
				span->last, want, guesses);
	struct buf key;

	span->pages = 0;
	buf_init(&key, WALK_KEY_MAX);
	/* From the last one on: each ends where its successor begins. */
	for (size_t i = n; i-- > 0;) {
		put_guess(&key, low, &guesses[i]);
		if (!insert(walk, span, buf_str(&key), upto(span)))
			break;
		set(&span->upto, buf_str(&key));
		span->is_open = false;
	}
	walk->failed |= key.failed || span->upto.failed;
	buf_free(&key);
}

/*
 * Spare requests are for spans that are long, but guesses may be in vain.  What
 * is left of less than a page comes with one request anyhow.
 */
static void cut_long_ones(struct walk *walk)
{
	unsigned long_ones = 0, spare;
	struct walk_span *span;

	while (walk->count < walk->jobs &&
	       (span = longest(walk, &long_ones)) != NULL) {
		if (span->more < 1)
			return;
		spare = (walk->jobs - walk->count + long_ones - 1) / long_ones;
		if (walk->wasted > walk->full + 2 * walk->jobs)
			spare = 1;
		if (span->more < spare)
			spare = (unsigned)span->more;
		cut(walk, span, spare);
	}
}

static struct walk_span *find_idle(const struct walk *walk)
{
	for (struct walk_span *span = walk->spans; span; span = span->next)
		if (!span->asked)
			return span;
	return NULL;
}

struct walk_span *walk_next(struct walk *walk)
{
	struct walk_span *span = find_idle(walk);

	if (!span) {
		cut_long_ones(walk);
		span = find_idle(walk);
	}
	if (span)
		span->asked = true;
	return span;
}

/* Is it order, and does it lead on? */
static int check(const struct walk *walk, const struct walk_span *span,
		 const struct page *page, struct err *err)
{
	struct str prefix = buf_str(&walk->prefix);
	struct str before = buf_str(&span->after);
	bool within = span->version.n > 0;	/* other versions follow */

	for (size_t i = 0; i < page->n; i++) {
		const struct page_entry *e = &page->entries[i];
		int order = str_compare(e->key, before);
		bool again = order == 0 && walk->versions &&
			     (i > 0 || within || span->is_foreign);

		if (!str_has_prefix(e->key, prefix))
			return err_set(err, "OtherPrefix", "the server lists "
				       "keys that have another prefix");
		if ((order <= 0 && !again && i == 0 && before.n > 0) ||
		    (again && within && str_eq(e->version,
					       buf_str(&span->version)) &&
		     str_eq(e->key, buf_str(&span->after))))
			return err_set(err, "NoProgress", "a page begins with "
				       "what was on the one before it: the "
				       "server does not go on behind a key");
		if (order < 0 || (order == 0 && i > 0 && !again))
			return err_set(err, "UnsortedList",
				       "the server's list is not in the order "
				       "of its keys, so nothing tells what is "
				       "left of it");
		before = e->key;
	}
	return 0;
}

static void drop(struct walk *walk, struct walk_span *span)
{
	struct walk_span **link = &walk->spans;

	while (*link != span)
		link = &(*link)->next;
	*link = span->next;
	walk->count--;
	free_span(span);
}

/* Entries beyond the end belong to the next span.  True: there are some. */
static bool trim(const struct walk_span *span, struct page *page)
{
	size_t n = page->n;

	while (!span->is_open && n > 0 &&
	       str_compare(page->entries[n - 1].key,
			   buf_str(&span->upto)) > 0)
		n--;
	if (n == page->n)
		return false;
	page->n = n;
	return true;
}

/*
 * Behind a key, and no version of it, AWS lists later keys; RGW lists all
 * versions of that key first.
 */
static size_t skip_foreign(struct walk_span *span, struct page *page)
{
	size_t n = 0;

	while (span->is_foreign && n < page->n &&
	       str_eq(page->entries[n].key, buf_str(&span->after)))
		n++;
	if (n > 0)
		set(&span->version, page->entries[n - 1].version);
	page->entries += n;
	page->n -= n;
	return n;
}

/* Some server's page may be empty, and not the last; only it knows how on. */
static int go_on_empty(struct walk_span *span, const struct page *page,
		       struct err *err)
{
	if (page->token.n == 0 ||
	    (str_eq(page->token, buf_str(&span->token)) &&
	     str_eq(page->next_version, buf_str(&span->token_version))) ||
	    ++span->empties > WALK_EMPTY_MAX)
		return err_set(err, "NoProgress", "a page is empty and not the "
			       "last, and the server does not say how to go "
			       "on");
	set(&span->token, page->token);
	set(&span->token_version, page->next_version);
	return 0;
}

/* Where in a key do the keys of a page differ, at the first? */
static size_t difference(struct str a, struct str b)
{
	size_t i = 0;

	while (i < a.n && i < b.n && a.p[i] == b.p[i])
		i++;
	return i;
}

static void go_on(const struct walk *walk, struct walk_span *span,
		  const struct page *page)
{
	const struct page_entry *last = &page->entries[page->n - 1];
	size_t i = page->n;

	if (!walk->versions) {
		set(&span->safe, last->key);
	} else {
		/* More versions of the last key may follow. */
		while (i > 0 && str_eq(page->entries[i - 1].key, last->key))
			i--;
		if (i > 0)
			set(&span->safe, page->entries[i - 1].key);
		else if (!str_eq(buf_str(&span->after), last->key))
			set(&span->safe, buf_str(&span->after));
		set(&span->version, last->version);
	}
	span->last = difference(page->entries[0].key, last->key) + 1;
	span->first = span->is_open ? 0 :
		      difference(last->key, buf_str(&span->upto));
	span->more = span->is_open ? WALK_JOBS_MAX :
		     middle_share(&walk->seen, page->entries[0].key,
				  last->key, buf_str(&span->upto));
	if (span->first < walk->prefix.n)
		span->first = walk->prefix.n;
	set(&span->after, last->key);
	span->is_foreign = false;
	buf_reset(&span->token);
	buf_reset(&span->token_version);
	span->empties = 0;
	span->pages++;
}

/* Is the last of the span's keys seen, and will none come any more? */
static bool is_at_end(const struct walk *walk, const struct walk_span *span,
		      const struct page *page)
{
	return !span->is_open && page->n > 0 && !walk->versions &&
	       str_eq(page->entries[page->n - 1].key, buf_str(&span->upto));
}

/* The last key, and some of the others, to learn from. */
static void learn(struct walk *walk, const struct page *page)
{
	struct str last = page->n > 0 ? page->entries[page->n - 1].key :
			  STR_NONE;

	if (str_compare(last, buf_str(&walk->greatest)) > 0)
		set(&walk->greatest, last);
	for (size_t i = 0; i < page->n; i += SAMPLE)
		middle_learn(&walk->seen, page->entries[i].key);
}

int walk_take(struct walk *walk, struct walk_span *span, struct page *page,
	      struct err *err)
{
	size_t skipped;
	bool beyond;

	span->asked = false;
	if (walk->failed)
		return err_memory(err);
	if (check(walk, span, page, err) < 0)
		return -1;
	skipped = skip_foreign(span, page);
	beyond = trim(span, page);
	learn(walk, page);
	walk->full += page->n > 0;
	walk->wasted += page->n == 0;
	if (beyond || !page->is_truncated || is_at_end(walk, span, page)) {
		drop(walk, span);
		return 0;
	}
	if (page->n > 0)
		go_on(walk, span, page);
	else if (skipped == 0 && go_on_empty(span, page, err) < 0)
		return -1;
	walk->failed |= span->after.failed || span->version.failed ||
			span->safe.failed || span->token.failed ||
			span->token_version.failed;
	return walk->failed ? err_memory(err) : 0;
}

/* The key, or as much of it as JSON can say; then some is listed again. */
static struct str sayable(const struct buf *key)
{
	struct text_utf8 utf8 = { .have = 0 };
	struct str s = buf_str(key);

	s.n = text_utf8(&utf8, s.p, s.n) - utf8.have;
	return s;
}

struct str walk_safe(const struct walk *walk)
{
	return sayable(walk->spans ? &walk->spans->safe : &walk->greatest);
}

void walk_put_left(const struct walk *walk, struct buf *out)
{
	buf_putc(out, '[');
	for (struct walk_span *span = walk->spans; span; span = span->next) {
		buf_puts(out, span == walk->spans ? "[" : ",[");
		json_put(out, sayable(&span->safe));
		if (!span->is_open) {
			buf_putc(out, ',');
			json_put(out, sayable(&span->upto));
		}
		buf_putc(out, ']');
	}
	buf_putc(out, ']');
}
