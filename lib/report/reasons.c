/* SPDX-License-Identifier: Apache-2.0 */
#include "report/reasons.h"

#include <stdlib.h>
#include <string.h>

struct reason_of reason_of(const struct record *r, enum record_outcome outcome)
{
	switch (outcome) {
	case RECORD_FAILED:
		return (struct reason_of){ r->failed_by, r->failed_code,
					   r->failed_message };
	case RECORD_GONE:
		return (struct reason_of){ r->gone_by, r->gone_code,
					   r->gone_message };
	case RECORD_BAD:
		return (struct reason_of){ r->bad_by, r->bad_code,
					   r->bad_reason };
	default:
		return (struct reason_of){ .by = STR_NONE };
	}
}

/* Append as much of s as there is room for. */
static void append(struct reason_text *text, struct str s, size_t max)
{
	size_t n = str_cut_utf8(s, max - text->n);

	if (text->is_cut)
		return;
	if (n > 0 && s.p)
		memcpy(text->p + text->n, s.p, n);
	text->n += n;
	text->is_cut = n < s.n;
}

/* Keep at most max bytes of s. */
static void keep(struct reason_text *text, struct str s, size_t max)
{
	text->n = 0;
	text->is_cut = false;
	append(text, s, max);
}

void reason_name(struct reason_text *name, const struct record *record)
{
	if (record->key.n == 0) {
		keep(name, STR("unknown"), REASON_NAME_MAX);
		return;
	}
	keep(name, record->bucket, REASON_NAME_MAX);
	append(name, STR("/"), REASON_NAME_MAX);
	append(name, record->key, REASON_NAME_MAX);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void put_pattern(struct reason_text *text, struct str s)
{
	text->n = 0;
	text->is_cut = false;
	while (s.n > 0 && !text->is_cut) {
		size_t n = 0;
		bool number = is_digit(s.p[0]);

		while (n < s.n && is_digit(s.p[n]) == number)
			n++;
		append(text, number ? STR("#") : (struct str){ s.p, n },
		       REASON_TEXT_MAX);
		s.p += n;
		s.n -= n;
	}
}

/* FNV-1a, with the length between two texts. */
static uint32_t hash_text(uint32_t hash, const struct reason_text *text)
{
	for (size_t i = 0; i < text->n; i++)
		hash = (hash ^ (unsigned char)text->p[i]) * 16777619;
	return (hash ^ (uint32_t)text->n) * 16777619;
}

static bool same(const struct reason_text *a, const struct reason_text *b)
{
	return a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
}

static struct reason *find(struct reasons *reasons, const struct reason *wanted)
{
	for (size_t i = 0; i < reasons->n; i++) {
		struct reason *reason = &reasons->list[i];

		if (reason->hash == wanted->hash &&
		    reason->outcome == wanted->outcome &&
		    same(&reason->by, &wanted->by) &&
		    same(&reason->text, &wanted->text))
			return reason;
	}
	if (reasons->n == REASONS_MAX)
		return NULL;
	reasons->list[reasons->n] = *wanted;
	return &reasons->list[reasons->n++];
}

static void add_example(struct reason *reason, const struct record *record,
			struct str text)
{
	struct reason_example *example = &reason->examples[reason->count];

	reason_name(&example->name, record);
	keep(&example->text, text, REASON_NAME_MAX);
}

bool reason_is_one_text(const struct reason *reason)
{
	for (size_t i = 1; i < REASON_EXAMPLES && i < reason->count; i++)
		if (!same(&reason->examples[i].text, &reason->examples[0].text))
			return false;
	return true;
}

static void add_time(struct reason *reason, long long at)
{
	if (!reason->is_dated || at < reason->first)
		reason->first = at;
	if (!reason->is_dated || at > reason->last)
		reason->last = at;
	reason->is_dated = true;
}

void reasons_add(struct reasons *reasons, const struct record *record,
		 enum record_outcome outcome, const long long *at)
{
	const struct reason_of of = reason_of(record, outcome);
	struct reason wanted = { .outcome = outcome }, *reason;

	keep(&wanted.by, of.by, REASON_BY_MAX);
	if (of.code.n > 0)
		keep(&wanted.text, of.code, REASON_TEXT_MAX);
	else
		put_pattern(&wanted.text, of.text);
	wanted.hash = hash_text(hash_text(2166136261U, &wanted.by),
				&wanted.text);
	reason = find(reasons, &wanted);
	if (!reason) {
		reasons->others++;
		return;
	}
	if (at)
		add_time(reason, *at);
	if (reason->count < REASON_EXAMPLES)
		add_example(reason, record, of.text);
	reason->count++;
}

/* Of two that are as frequent, the text decides, so that any order is one. */
static int compare(const void *a, const void *b)
{
	const struct reason *x = a, *y = b;
	size_t n = x->text.n < y->text.n ? x->text.n : y->text.n;
	int order;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	order = memcmp(x->text.p, y->text.p, n);
	if (order != 0)
		return order;
	if (x->text.n != y->text.n)
		return x->text.n < y->text.n ? -1 : 1;
	return (int)x->outcome - (int)y->outcome;
}

void reasons_sort(struct reasons *reasons)
{
	qsort(reasons->list, reasons->n, sizeof(*reasons->list), compare);
}
