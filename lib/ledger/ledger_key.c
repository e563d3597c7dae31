/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/ledger_key.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "format/iso.h"
#include "record/sequencer.h"

enum { SEQ_MAX = 1024, HOUR = 3600, DAY = 24 * HOUR, NS_DIGITS = 16 };

/* A key may hold any byte. */
struct str ledger_key_joined(struct str bucket, struct str key,
			     struct arena *arena)
{
	char *p;

	if (bucket.n == 0 || key.n == 0)
		return STR_NONE;
	p = arena_alloc(arena, bucket.n + 1 + key.n);
	if (!p)
		return STR_NONE;
	memcpy(p, bucket.p, bucket.n);
	p[bucket.n] = '/';
	memcpy(p + bucket.n + 1, key.p, key.n);
	return (struct str){ p, bucket.n + 1 + key.n };
}

struct moment {
	unsigned long long seconds, ns;
};

/* Zeros if it is no time, or one that does not fit. */
static struct moment moment_of(struct str time)
{
	struct moment moment = { 0, 0 };
	const char *dot = time.p ? memchr(time.p, '.', time.n) : NULL;
	unsigned long long unit = 100000000;
	time_t seconds;

	if (iso_time(time, &seconds) < 0 || seconds <= 0 ||
	    (unsigned long long)seconds > 0xFFFFFFFFULL)
		return moment;
	moment.seconds = (unsigned long long)seconds;
	for (const char *p = dot ? dot + 1 : NULL;
	     p && p < time.p + time.n && *p >= '0' && *p <= '9' && unit > 0;
	     p++, unit /= 10)
		moment.ns += unit * (unsigned long long)(*p - '0');
	return moment;
}

static void put_place(struct buf *out, struct moment moment, bool in_ns)
{
	if (in_ns)
		buf_printf(out, "%016llX%016d",
			   moment.seconds * 1000000000 + moment.ns, 0);
	else
		buf_printf(out, "00%08llX%08llX%014d", moment.seconds,
			   moment.ns, 0);
}

static struct str taken(struct buf *text, struct arena *arena)
{
	struct str whole = buf_str(text), kept = STR_NONE;

	whole.n = str_cut_utf8(whole, SEQ_MAX);
	if (!text->failed)
		kept = arena_dup(arena, whole);
	buf_free(text);
	return kept;
}

static struct str seq_of(const struct record *r, bool in_ns,
			 struct arena *arena)
{
	struct str etag = record_etag(r);
	struct buf text;

	buf_init(&text, RECORD_MAX);
	if (sequencer_is_ordered(r))
		sequencer_put(&text, r->sequencer);
	else
		put_place(&text, moment_of(r->modified.n > 0 ? r->modified :
						       r->time), in_ns);
	buf_putc(&text, '#');
	buf_put_str(&text, record_is_version(r->version) ? r->version :
			   etag.n > 0 ? etag : r->id);
	return taken(&text, arena);
}

struct ledger_item_key ledger_item_key(const struct record *r, bool in_ns,
				       struct arena *arena)
{
	return (struct ledger_item_key){
		ledger_key_joined(r->bucket, r->key, arena),
		seq_of(r, in_ns, arena)
	};
}

/* Hexadecimal digits of a sequencer, from one to another; 0 if it has others. */
static unsigned long long number_at(struct str s, size_t from, size_t n)
{
	char text[NS_DIGITS + 1] = "";

	if (s.n < from + n || n > NS_DIGITS || !sequencer_is_hex(s))
		return 0;
	memcpy(text, s.p + from, n);
	return strtoull(text, NULL, 16);
}

static bool is_near(unsigned long long a, unsigned long long b)
{
	return a > 0 && b > 0 && (a > b ? a - b : b - a) < DAY;
}

bool ledger_key_is_ns(struct str sequencer, struct str time)
{
	return sequencer.n == NS_DIGITS &&
	       is_near(number_at(sequencer, 0, NS_DIGITS) / 1000000000,
		       moment_of(time).seconds);
}

static bool came_in_parts(struct str event)
{
	return event.n == 0 || str_contains(event, "Multipart");
}

struct str ledger_key_earliest(const struct record *r, struct arena *arena)
{
	struct moment moment = moment_of(r->time);
	struct buf text;

	if (!sequencer_is_ordered(r) || came_in_parts(r->event) ||
	    !str_has_prefix(r->sequencer, STR("00")) ||
	    !is_near(number_at(r->sequencer, 2, 8), moment.seconds))
		return STR_NONE;
	buf_init(&text, SEQ_MAX);
	put_place(&text, (struct moment){ moment.seconds - HOUR, 0 }, false);
	return taken(&text, arena);
}
