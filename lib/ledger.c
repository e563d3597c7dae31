/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

#include <stddef.h>
#include <string.h>

#include "iso.h"
#include "json.h"
#include "pick.h"

enum { SEQ_DIGITS = 32, SEQ_MAX = 1024, DAY = 86400 };

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
	buf_put_str(&text, record_is_version(r->version) ? r->version :
			   r->etag.n > 0 ? r->etag : r->id);
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
		.count = outcome == RECORD_FAILED ? 0 : 1,
	};

	if (outcome == RECORD_BAD) {
		decision.by = r->bad_by;
		decision.code = r->bad_code;
		decision.reason = r->bad_reason;
	} else if (outcome == RECORD_GONE) {
		decision.by = r->gone_by;
		decision.code = r->gone_code;
		decision.reason = r->gone_message;
	} else if (outcome == RECORD_FAILED) {
		decision.by = r->failed_by;
		decision.code = r->failed_code;
		decision.reason = r->failed_message;
	}
	return decision;
}

/* As far as an item holds it. */
static struct str cut(struct str text)
{
	text.n = str_cut_utf8(text, LEDGER_TEXT_MAX);
	return text;
}

static bool same(struct str a, struct str b)
{
	return str_eq(cut(a), cut(b));
}

bool ledger_same(const struct ledger_decision *a,
		 const struct ledger_decision *b)
{
	if (!str_eq(a->outcome, b->outcome))
		return false;
	return str_is(a->outcome, "gone") ||
	       (same(a->code, b->code) &&
		same(a->destination, b->destination) &&
		(!str_is(a->outcome, "bad") || same(a->reason, b->reason)));
}

bool ledger_is_failure(const struct ledger_decision *decision)
{
	return str_is(decision->outcome, "failed");
}

bool ledger_keeps(const struct ledger_decision *old,
		  const struct ledger_decision *new)
{
	bool has_looked = str_is(old->outcome, "good") ||
			  str_is(old->outcome, "bad");

	if (str_is(new->outcome, "gone"))
		return has_looked;
	return ledger_is_failure(new) &&
	       (has_looked || str_is(old->outcome, "gone"));
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

/* What counts lines of data is a number; a filter may have put in anything. */
static void put_count(struct buf *out, const char *name, struct str text)
{
	unsigned long long number;

	if (str_number(text, &number) == 0)
		put_number(out, name, number);
}

/* Everything that is text but the key, cut where it is too long. */
static void put_texts(struct buf *out, const struct ledger_item *item,
		      const char *recorded)
{
	const struct record *r = item->record;
	const struct ledger_decision *decision = &item->decision;
	const struct {
		const char *name;
		struct str text;
	} texts[] = {
		{ "id", r->id },
		{ "event", r->event },
		{ "time", r->time },
		{ "bucket", r->bucket },
		{ "key", r->key },
		{ "version", r->version },
		{ "etag", r->etag },
		{ "sequencer", r->sequencer },
		{ "outcome", decision->outcome },
		{ "by", decision->by },
		{ "code", decision->code },
		{ "reason", decision->reason },
		{ "destination", decision->destination },
		{ "recorded", str_of(recorded) },
	};
	const char *comma = "";

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		put_text(out, texts[i].name, cut(texts[i].text));
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (texts[i].text.n <= LEDGER_TEXT_MAX)
			continue;
		if (*comma == '\0') {
			json_member_open(out, "trimmed");
			buf_puts(out, "\"SS\":[");
		}
		buf_printf(out, "%s\"%s\"", comma, texts[i].name);
		comma = ",";
	}
	buf_puts(out, *comma ? "]}" : "");
}

static void put_item(struct buf *out, const struct ledger_item *item)
{
	const struct record *r = item->record;
	char recorded[ISO_SIZE];

	iso_write(recorded, item->now);
	json_member_open(out, "Item");
	put_key(out, item->key);
	put_texts(out, item, recorded);
	if (r->has_size)
		put_number(out, "size", r->size);
	if (record_outcome(r) == RECORD_BAD) {
		put_count(out, "line", r->bad_line);
		put_count(out, "column", r->bad_column);
		put_count(out, "byte", r->bad_byte);
		put_count(out, "count", r->bad_count);
	}
	put_number(out, "decisions", item->decision.count);
	if (item->days > 0)
		put_number(out, "expires", (unsigned long long)item->now +
			   (unsigned long long)item->days * DAY);
	buf_putc(out, '}');
}

void ledger_put(struct buf *body, const struct ledger_item *item)
{
	unsigned long long count = item->decision.count;

	buf_putc(body, '{');
	json_member(body, "TableName", str_of(item->table));
	put_item(body, item);
	json_member_open(body, "ExpressionAttributeNames");
	if (count <= 1) {
		json_member(body, "#object", STR("object"));
		json_member(body, "#outcome", STR("outcome"));
	} else {
		json_member(body, "#decisions", STR("decisions"));
	}
	buf_putc(body, '}');
	json_member_open(body, "ExpressionAttributeValues");
	if (count <= 1)
		put_text(body, ":failed", STR("failed"));
	else
		put_number(body, ":seen", count - 1);
	buf_putc(body, '}');
	json_member(body, "ConditionExpression", count <= 1 ?
		    STR("attribute_not_exists(#object) OR "
			"#outcome = :failed") :
		    STR("#decisions = :seen"));
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
	struct str item, outcome, code, reason, destination, decisions;
};

static const struct pick_field fields[] = {
	{ "Item", offsetof(struct item, item), false },
	{ "Item.outcome.S", offsetof(struct item, outcome), false },
	{ "Item.code.S", offsetof(struct item, code), false },
	{ "Item.reason.S", offsetof(struct item, reason), false },
	{ "Item.destination.S", offsetof(struct item, destination), false },
	{ "Item.decisions.N", offsetof(struct item, decisions), false },
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
	*decision = (struct ledger_decision){
		.outcome = item.outcome, .code = item.code,
		.reason = item.reason, .destination = item.destination,
		.count = 1,
	};
	if (item.decisions.p &&
	    str_number(item.decisions, &decision->count) < 0)
		return err_set(err, "InvalidItem",
			       "the item's count of decisions is %.*s",
			       STR_FMT(item.decisions));
	return 1;
}
