/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* tdestroy */
#include "event/newest.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "record/sequencer.h"

/* The object, "bucket/key", and the sequencer stand behind it. */
struct newest_entry {
	struct newest_entry *next, **link;
	struct str object, sequencer;	/* borrowed from bytes */
	char *line;			/* owned; NULL: nothing to write */
	size_t line_n;
	char bytes[];
};

void newest_init(struct newest *newest)
{
	*newest = (struct newest){ .tree = NULL };
	newest->last = &newest->first;
}

static int compare_objects(const void *a, const void *b)
{
	struct str x = ((const struct newest_entry *)a)->object;
	struct str y = ((const struct newest_entry *)b)->object;
	int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);

	return order != 0 ? order : (x.n > y.n) - (x.n < y.n);
}

/* A bucket's name has no slash, so "bucket/key" is never ambiguous. */
static struct newest_entry *new_entry(const struct record *r)
{
	size_t n = r->bucket.n + 1 + r->key.n;
	struct newest_entry *entry =
		malloc(sizeof(*entry) + n + r->sequencer.n);
	char *p;

	if (!entry)
		return NULL;
	p = entry->bytes;
	memcpy(p, r->bucket.p, r->bucket.n);
	p[r->bucket.n] = '/';
	memcpy(p + r->bucket.n + 1, r->key.p, r->key.n);
	if (r->sequencer.n > 0)
		memcpy(p + n, r->sequencer.p, r->sequencer.n);
	entry->object = (struct str){ p, n };
	entry->sequencer = (struct str){ p + n, r->sequencer.n };
	entry->line = NULL;
	entry->line_n = 0;
	return entry;
}

static void append(struct newest *newest, struct newest_entry *entry)
{
	entry->next = NULL;
	entry->link = newest->last;
	*newest->last = entry;
	newest->last = &entry->next;
}

static void release(struct newest *newest, struct newest_entry *entry)
{
	newest->bytes -= entry->line_n;
	free(entry->line);
	free(entry);
}

static void drop(struct newest *newest, struct newest_entry *entry)
{
	*entry->link = entry->next;
	if (entry->next)
		entry->next->link = entry->link;
	else
		newest->last = entry->link;
	release(newest, entry);
}

static int keep_line(struct newest *newest, struct newest_entry *entry,
		     struct str line)
{
	if (!line.p)
		return 0;
	if (line.n <= NEWEST_MAX - newest->bytes)
		entry->line = malloc(line.n);
	if (!entry->line)
		return -1;
	memcpy(entry->line, line.p, line.n);
	entry->line_n = line.n;
	newest->bytes += line.n;
	return 0;
}

/* A newer entry replaces the one in the tree; one that is equal does not. */
static int fold_into(struct newest *newest, struct newest_entry *entry,
		     bool *is_newest)
{
	struct newest_entry **found =
		tsearch(entry, &newest->tree, compare_objects);
	struct newest_entry *old;

	if (!found)
		return -1;
	old = *found;
	if (old == entry)
		return 0;
	newest->folded++;
	*is_newest = sequencer_compare(entry->sequencer, old->sequencer) > 0;
	if (*is_newest) {
		*found = entry;
		drop(newest, old);
	}
	return 0;
}

/* Keep the line, unless a newer event of the object is known. */
static int add(struct newest *newest, const struct record *record,
	       struct str line)
{
	bool is_comparable = sequencer_is_ordered(record) &&
			     sequencer_is_hex(record->sequencer);
	struct newest_entry *entry = new_entry(record);
	bool is_newest = true;

	if (!entry)
		return -1;
	append(newest, entry);
	if (is_comparable && fold_into(newest, entry, &is_newest) < 0)
		return -1;
	if (is_newest)
		return keep_line(newest, entry, line);
	drop(newest, entry);
	return 0;
}

int newest_hold(struct newest *newest, const struct record *record,
		struct buf *out, size_t start, bool wanted)
{
	struct str line;

	if (out->failed)
		return -1;
	line = (struct str){ out->p + start, out->n - start };
	out->n = start;
	return add(newest, record, wanted ? line : STR_NONE);
}

static void no_action(void *entry)
{
	(void)entry;
}

/* Free the tree's nodes, then the entries, which are in the list. */
static void clear(struct newest *newest)
{
	struct newest_entry *entry = newest->first;

	tdestroy(newest->tree, no_action);
	newest->tree = NULL;
	while (entry) {
		struct newest_entry *next = entry->next;

		release(newest, entry);
		entry = next;
	}
	newest->first = NULL;
	newest->last = &newest->first;
}

void newest_free(struct newest *newest)
{
	clear(newest);
}

int newest_drain(struct newest *newest,
		 int (*put)(void *ctx, struct str line), void *ctx)
{
	int status = 0;

	for (struct newest_entry *e = newest->first; e && status == 0;
	     e = e->next)
		if (e->line)
			status = put(ctx, (struct str){ e->line, e->line_n });
	clear(newest);
	return status;
}
