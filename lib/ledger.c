/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

#include <stddef.h>
#include <string.h>

#include "json.h"
#include "pick.h"

enum { SEQ_DIGITS = 32, SEQ_MAX = 1024, REASON_MAX = 4096 };

static struct str first_of(struct str a, struct str b, struct str c)
{
	return a.n > 0 ? a : b.n > 0 ? b : c;
}

/* "bucket/key"; a key may hold any byte. */
static struct str joined(struct str bucket, struct str key,
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

static struct str seq_of(const struct record *r, struct arena *arena)
{
	bool sorts = r->sequencer.n > 0 && !str_is(r->source, "ceph:s3");
	struct str seq = STR_NONE;
	struct buf text;

	buf_init(&text, RECORD_MAX);
	for (size_t i = 0; sorts && i < r->sequencer.n; i++) {
		char c = r->sequencer.p[i];

		buf_putc(&text, c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
	}
	while (sorts && text.n < SEQ_DIGITS && !text.failed)
		buf_putc(&text, '0');
	if (!sorts)
		buf_put_str(&text, r->time);
	buf_putc(&text, '#');
	buf_put_str(&text, first_of(r->version, r->etag, r->id));
	if (!text.failed) {
		struct str whole = buf_str(&text);

		whole.n = str_cut_utf8(whole, SEQ_MAX);
		seq = arena_dup(arena, whole);
	}
	buf_free(&text);
	return seq;
}

struct ledger_key ledger_key(const struct record *r, struct arena *arena)
{
	return (struct ledger_key){ joined(r->bucket, r->key, arena),
				    seq_of(r, arena) };
}

struct ledger_decision ledger_decision(const struct record *r,
				       struct arena *arena)
{
	enum record_outcome outcome = record_outcome(r);
	struct ledger_decision decision = {
		.outcome = str_of(record_outcome_name(outcome)),
		.destination = joined(r->route_bucket, r->route_key, arena),
		.count = 1,
	};

	if (outcome == RECORD_BAD)
		decision.reason = r->bad_reason;
	else if (outcome == RECORD_GONE)
		decision.reason = r->gone_code;
	decision.reason.n = str_cut_utf8(decision.reason, REASON_MAX);
	return decision;
}

bool ledger_same(const struct ledger_decision *a,
		 const struct ledger_decision *b)
{
	return str_eq(a->outcome, b->outcome) && str_eq(a->reason, b->reason) &&
	       str_eq(a->destination, b->destination);
}

bool ledger_keeps(const struct ledger_decision *old,
		  const struct ledger_decision *new)
{
	return str_is(new->outcome, "gone") &&
	       (str_is(old->outcome, "good") || str_is(old->outcome, "bad"));
}

/* "name":{"S":"text"}; S3 knows no empty values, so neither does the item. */
static void put_text(struct buf *out, const char *name, struct str text)
{
	if (text.n == 0)
		return;
	json_member_open(out, name);
	json_member(out, "S", text);
	buf_putc(out, '}');
}

/* Numbers are strings on the wire. */
static void put_number(struct buf *out, const char *name,
		       unsigned long long number)
{
	json_member_open(out, name);
	buf_printf(out, "\"N\":\"%llu\"}", number);
}

static void put_key(struct buf *out, struct ledger_key key)
{
	put_text(out, "object", key.object);
	put_text(out, "seq", key.seq);
}

static void put_item(struct buf *out, const struct record *r,
		     struct ledger_key key,
		     const struct ledger_decision *decision, time_t now)
{
	char text[sizeof("2026-11-23T05:54:00Z")];
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	json_member_open(out, "Item");
	put_key(out, key);
	put_text(out, "id", r->id);
	put_text(out, "event", r->event);
	put_text(out, "time", r->time);
	put_text(out, "bucket", r->bucket);
	put_text(out, "key", r->key);
	put_text(out, "version", r->version);
	put_text(out, "etag", r->etag);
	if (r->has_size)
		put_number(out, "size", r->size);
	put_text(out, "sequencer", r->sequencer);
	put_text(out, "outcome", decision->outcome);
	put_text(out, "reason", decision->reason);
	put_text(out, "destination", decision->destination);
	put_text(out, "recorded", str_of(text));
	put_number(out, "count", decision->count);
	buf_putc(out, '}');
}

void ledger_put(struct buf *body, const char *table, const struct record *r,
		struct ledger_key key, const struct ledger_decision *decision,
		time_t now)
{
	buf_putc(body, '{');
	json_member(body, "TableName", str_of(table));
	put_item(body, r, key, decision, now);
	if (decision->count == 1) {
		json_member(body, "ConditionExpression",
			    STR("attribute_not_exists(#object)"));
		json_member_open(body, "ExpressionAttributeNames");
		json_member(body, "#object", STR("object"));
	} else {
		json_member(body, "ConditionExpression", STR("#count = :seen"));
		json_member_open(body, "ExpressionAttributeValues");
		put_number(body, ":seen", decision->count - 1);
		buf_putc(body, '}');
		json_member_open(body, "ExpressionAttributeNames");
		json_member(body, "#count", STR("count"));
	}
	buf_putc(body, '}');
	json_member(body, "ReturnValuesOnConditionCheckFailure",
		    STR("ALL_OLD"));
	buf_putc(body, '}');
}

void ledger_get(struct buf *body, const char *table, struct ledger_key key)
{
	buf_putc(body, '{');
	json_member(body, "TableName", str_of(table));
	json_member_bool(body, "ConsistentRead", true);
	json_member_open(body, "Key");
	put_key(body, key);
	buf_puts(body, "}}");
}

struct item {
	struct str item, outcome, reason, destination, count;
};

static const struct pick_field fields[] = {
	{ "Item", offsetof(struct item, item), false },
	{ "Item.outcome.S", offsetof(struct item, outcome), false },
	{ "Item.reason.S", offsetof(struct item, reason), false },
	{ "Item.destination.S", offsetof(struct item, destination), false },
	{ "Item.count.N", offsetof(struct item, count), false },
};

int ledger_read(struct str answer, struct arena *arena,
		struct ledger_decision *decision, struct err *err)
{
	struct pick *picker =
		pick_new(fields, sizeof(fields) / sizeof(*fields));
	struct item item;
	int status;

	if (!picker)
		return err_set(err, "OutOfMemory", "out of memory");
	status = pick_object(picker, answer, arena, &item, err);
	pick_free(picker);
	if (status < 0)
		return -1;
	if (!item.item.p)
		return 0;
	*decision = (struct ledger_decision){ item.outcome, item.reason,
					      item.destination, 1 };
	if (item.count.p && str_number(item.count, &decision->count) < 0)
		return err_set(err, "InvalidItem", "the item's count is %.*s",
			       STR_FMT(item.count));
	return 1;
}
