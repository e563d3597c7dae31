/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/ledger_item.h"

#include <stddef.h>
#include <string.h>

#include "format/iso.h"
#include "format/json_each.h"
#include "format/json_pick.h"
#include "format/json_write.h"
#include "hash/etag.h"

enum { DAY = 86400, LIST_MAX = 2 * LEDGER_DECISIONS_MAX };

struct ledger_facts ledger_facts(const struct record *r)
{
	return (struct ledger_facts){
		.id = r->id, .event = r->event, .time = r->time,
		.modified = r->modified, .source = r->source,
		.bucket = r->bucket, .key = r->key, .version = r->version,
		.etag = record_etag(r),
		.size = r->has_size ? r->size_text : STR_NONE,
		.sequencer = r->sequencer,
	};
}

static struct str either(struct str a, struct str b)
{
	return a.n > 0 ? a : b;
}

/* The id belongs to what it was made of: version, sequencer, or ETag and time. */
struct ledger_facts ledger_facts_both(const struct ledger_facts *a,
				      const struct ledger_facts *b)
{
	return (struct ledger_facts){
		.id = either(a->id, b->id),
		.event = either(a->event, b->event),
		.time = either(a->time, b->time),
		.modified = either(a->modified, b->modified),
		.source = either(a->source, b->source),
		.bucket = either(a->bucket, b->bucket),
		.key = either(a->key, b->key),
		.version = either(a->version, b->version),
		.etag = either(a->etag, b->etag),
		.size = either(a->size, b->size),
		.sequencer = either(a->sequencer, b->sequencer),
	};
}

struct ledger_decision ledger_decision(const struct record *r,
				       struct arena *arena)
{
	enum record_outcome outcome = record_outcome(r);
	struct ledger_decision decision = {
		.outcome = str_of(record_outcome_name(outcome)),
		.destination = ledger_key_joined(r->route_bucket, r->route_key,
						 arena),
		.destination_etag = r->route_etag,
		.destination_version = r->route_version,
		.endpoint = r->route_endpoint, .why = r->route_why,
		.unguarded = r->route_unguarded,
		.count = outcome == RECORD_FAILED ? 0 : 1,
	};

	if (outcome == RECORD_BAD) {
		decision.by = r->bad_by;
		decision.code = r->bad_code;
		decision.reason = r->bad_reason;
		decision.line = r->bad_line;
		decision.column = r->bad_column;
		decision.byte = r->bad_byte;
		decision.faults = r->bad_count;
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

/* The part of a text that an item holds. */
static struct str cut(struct str text)
{
	text.n = str_cut_utf8(text, LEDGER_TEXT_MAX);
	return text;
}

static bool same(struct str a, struct str b)
{
	return str_eq(cut(a), cut(b));
}

bool ledger_item_same(const struct ledger_decision *a,
		 const struct ledger_decision *b)
{
	if (!str_eq(a->outcome, b->outcome))
		return false;
	return str_is(a->outcome, "gone") ||
	       (same(a->code, b->code) &&
		same(a->destination, b->destination) &&
		!etag_differs(a->destination_etag, b->destination_etag) &&
		(!str_is(a->outcome, "bad") || same(a->reason, b->reason)));
}

bool ledger_item_repeats(const struct ledger_decision *old,
			 const struct ledger_decision *new)
{
	struct ledger_decision there = *new;

	there.destination = old->destination;
	return old->destination.n > 0 &&
	       (str_is(new->outcome, "good") || str_is(new->outcome, "bad")) &&
	       ledger_item_same(old, &there);
}

bool ledger_item_is_failure(const struct ledger_decision *decision)
{
	return str_is(decision->outcome, "failed");
}

bool ledger_item_keeps(const struct ledger_decision *old,
		  const struct ledger_decision *new)
{
	bool has_looked = str_is(old->outcome, "good") ||
			  str_is(old->outcome, "bad");

	if (str_is(new->outcome, "gone"))
		return has_looked;
	return ledger_item_is_failure(new) &&
	       (has_looked || str_is(old->outcome, "gone"));
}

/* Append "name":{"S":"text"}, unless text is empty: that counts as absent. */
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

/* A record has the member only if it is so, whatever its value. */
static void put_unguarded(struct buf *out,
			  const struct ledger_decision *decision)
{
	if (!decision->unguarded.p)
		return;
	json_member_open(out, "unguarded");
	json_member_bool(out, "BOOL", true);
	buf_putc(out, '}');
}

static void put_key(struct buf *out, struct ledger_item_key key)
{
	put_text(out, "object", key.object);
	put_text(out, "seq", key.seq);
}

/* Append a count, if it is a number: a filter may have written anything. */
static void put_count(struct buf *out, const char *name, struct str text)
{
	unsigned long long number;

	if (str_number(text, &number) == 0)
		put_number(out, name, number);
}

/* Append all texts but the key, each cut if it is too long. */
static void put_texts(struct buf *out, const struct ledger_item *item,
		      const struct ledger_decision *decision)
{
	const struct ledger_facts *facts = &item->facts;
	const struct {
		const char *name;
		struct str text;
	} texts[] = {
		{ "id", facts->id },
		{ "event", facts->event },
		{ "time", facts->time },
		{ "modified", facts->modified },
		{ "source", facts->source },
		{ "bucket", facts->bucket },
		{ "key", facts->key },
		{ "version", facts->version },
		{ "etag", facts->etag },
		{ "sequencer", facts->sequencer },
		{ "outcome", decision->outcome },
		{ "by", decision->by },
		{ "code", decision->code },
		{ "reason", decision->reason },
		{ "destination", decision->destination },
		{ "destination_etag", decision->destination_etag },
		{ "destination_version", decision->destination_version },
		{ "endpoint", decision->endpoint },
		{ "why", decision->why },
		{ "recorded", decision->recorded },
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

/* The list of decisions */

static struct str cut_short(struct str text)
{
	text.n = str_cut_utf8(text, LEDGER_REASON_MAX);
	return text;
}

static void put_entry(struct buf *out, const struct ledger_decision *decision)
{
	buf_puts(out, "{\"M\":{");
	put_text(out, "outcome", decision->outcome);
	put_text(out, "by", cut_short(decision->by));
	put_text(out, "code", cut_short(decision->code));
	put_text(out, "reason", cut_short(decision->reason));
	put_text(out, "destination", decision->destination);
	put_text(out, "recorded", decision->recorded);
	buf_puts(out, "}}");
}

/* The decisions of one or two items, the newest first. */
struct entries {
	struct arena arena;
	size_t n;
	struct ledger_decision entry[LIST_MAX];
};

static bool same_entry(const struct ledger_decision *a,
		       const struct ledger_decision *b)
{
	return str_eq(a->outcome, b->outcome) &&
	       str_eq(cut_short(a->code), cut_short(b->code)) &&
	       str_eq(cut_short(a->reason), cut_short(b->reason)) &&
	       str_eq(a->destination, b->destination);
}

/*
 * Said by two about one version, or found in both items, it is one decision: the
 * elder is kept.
 */
static void add_entry(struct entries *all, const struct ledger_decision *new)
{
	size_t at = all->n;

	while (at > 0 && str_compare(all->entry[at - 1].recorded,
				     new->recorded) < 0)
		at--;
	if (at > 0 && same_entry(&all->entry[at - 1], new)) {
		all->entry[at - 1].recorded = new->recorded;
		return;
	}
	if ((at < all->n && same_entry(&all->entry[at], new)) ||
	    all->n == LIST_MAX)
		return;
	memmove(&all->entry[at + 1], &all->entry[at],
		(all->n - at) * sizeof(*new));
	all->entry[at] = *new;
	all->n++;
}

static int on_entry(void *ctx, struct str json, struct err *err)
{
	static const struct json_pick_field members[] = {
		{ "M.outcome.S", offsetof(struct ledger_decision, outcome), true },
		{ "M.by.S", offsetof(struct ledger_decision, by), true },
		{ "M.code.S", offsetof(struct ledger_decision, code), true },
		{ "M.reason.S", offsetof(struct ledger_decision, reason), true },
		{ "M.destination.S",
		  offsetof(struct ledger_decision, destination), true },
		{ "M.recorded.S",
		  offsetof(struct ledger_decision, recorded), true },
	};
	struct entries *all = ctx;
	struct ledger_decision read = { .count = 1 };

	if (json_pick(members, sizeof(members) / sizeof(*members), json,
		      &all->arena, &read, err) < 0)
		return -1;
	add_entry(all, &read);
	return 0;
}

/* An item of before has no list: it is the decision that it shows. */
static void add_seen(struct entries *all, const struct ledger_seen *seen)
{
	struct err ignored;

	if (!seen || ledger_item_is_failure(&seen->decision))
		return;
	if (!seen->decisions.p ||
	    json_each(seen->decisions, on_entry, all, &ignored) < 0)
		add_entry(all, &seen->decision);
}

static void put_list(struct buf *out, const struct ledger_item *item,
		     const struct ledger_decision *decision)
{
	struct entries all = { .n = 0 };
	size_t n = 0;

	if (ledger_item_is_failure(decision))
		return;
	arena_init(&all.arena, RECORD_MAX);
	add_seen(&all, item->old);
	add_seen(&all, item->twin);
	json_member_open(out, "decisions");
	buf_puts(out, "\"L\":[");
	/* Whatever the clocks of those before us say. */
	if (!item->twin) {
		put_entry(out, decision);
		n++;
	}
	for (size_t i = 0; i < all.n && n < LEDGER_DECISIONS_MAX; i++, n++) {
		buf_puts(out, n > 0 ? "," : "");
		put_entry(out, &all.entry[i]);
	}
	buf_puts(out, "]}");
	arena_free(&all.arena);
}

static void put_stale(struct buf *out, const struct ledger_stale *stale)
{
	if (stale->bucket.n == 0)
		return;
	json_member_open(out, "stale");
	buf_puts(out, "\"M\":{");
	put_text(out, "outcome", stale->outcome);
	put_text(out, "bucket", stale->bucket);
	put_text(out, "key", stale->key);
	put_text(out, "etag", stale->etag);
	put_text(out, "version", stale->version);
	put_text(out, "why", stale->why);
	buf_puts(out, "}}");
}

static void put_attention(struct buf *out, const struct ledger_item *item,
			  const struct ledger_decision *decision)
{
	if (item->stale.bucket.n > 0)
		put_text(out, "attention", STR("bad"));
	else if (str_is(decision->outcome, "bad") ||
		 str_is(decision->outcome, "failed"))
		put_text(out, "attention", decision->outcome);
}

static void put_expiry(struct buf *out, const struct ledger_item *item)
{
	if (item->days > 0)
		put_number(out, "expires", (unsigned long long)item->now +
			   (unsigned long long)item->days * DAY);
	else if (item->old)
		put_count(out, "expires", item->old->expires);
}

static void put_item(struct buf *out, const struct ledger_item *item)
{
	struct ledger_decision decision = item->decision;
	char recorded[ISO_SIZE];

	if (decision.recorded.n == 0) {
		iso_write(recorded, item->now);
		decision.recorded = str_of(recorded);
	}
	json_member_open(out, "Item");
	put_key(out, item->key);
	put_texts(out, item, &decision);
	put_unguarded(out, &decision);
	put_count(out, "size", item->facts.size);
	put_count(out, "line", decision.line);
	put_count(out, "column", decision.column);
	put_count(out, "byte", decision.byte);
	put_count(out, "count", decision.faults);
	put_number(out, "decided", decision.count);
	put_list(out, item, &decision);
	put_stale(out, &item->stale);
	put_attention(out, item, &decision);
	put_expiry(out, item);
	buf_putc(out, '}');
}

/* That the item there is still the one that was seen. */
static void put_names(struct buf *body, const struct ledger_seen *seen)
{
	if (seen->decided.p)
		json_member(body, "#decided", seen->is_old ?
			    STR("decisions") : STR("decided"));
	json_member(body, "#recorded", STR("recorded"));
	json_member(body, "#outcome", STR("outcome"));
}

static void put_values(struct buf *body, const struct ledger_seen *seen)
{
	put_count(body, ":decided", seen->decided);
	put_text(body, ":recorded", seen->decision.recorded);
	put_text(body, ":outcome", seen->decision.outcome);
}

static struct str unchanged(const struct ledger_seen *seen)
{
	return seen->decided.p ?
	       STR("#decided = :decided AND #recorded = :recorded AND "
		   "#outcome = :outcome") :
	       STR("#recorded = :recorded AND #outcome = :outcome");
}

/* Attributes get placeholders, because OBJECT is a reserved word. */
void ledger_item_put(struct buf *body, const struct ledger_item *item)
{
	buf_putc(body, '{');
	json_member(body, "TableName", str_of(item->table));
	put_item(body, item);
	json_member_open(body, "ExpressionAttributeNames");
	if (item->old) {
		put_names(body, item->old);
	} else {
		json_member(body, "#object", STR("object"));
		json_member(body, "#outcome", STR("outcome"));
	}
	buf_putc(body, '}');
	json_member_open(body, "ExpressionAttributeValues");
	if (item->old)
		put_values(body, item->old);
	else
		put_text(body, ":failed", STR("failed"));
	buf_putc(body, '}');
	json_member(body, "ConditionExpression", item->old ?
		    unchanged(item->old) :
		    STR("attribute_not_exists(#object) OR "
			"#outcome = :failed"));
	json_member(body, "ReturnValuesOnConditionCheckFailure",
		    STR("ALL_OLD"));
	buf_putc(body, '}');
}

void ledger_item_get(struct buf *body, const char *table, struct ledger_item_key key)
{
	buf_putc(body, '{');
	json_member(body, "TableName", str_of(table));
	json_member_bool(body, "ConsistentRead", true);
	json_member_open(body, "Key");
	put_key(body, key);
	buf_puts(body, "}}");
}

/* What DeleteItem and UpdateItem have in common. */
static void put_change(struct buf *body, const char *table,
		       const struct ledger_seen *seen, const char *update)
{
	buf_putc(body, '{');
	json_member(body, "TableName", str_of(table));
	json_member_open(body, "Key");
	put_key(body, seen->key);
	buf_putc(body, '}');
	json_member(body, "UpdateExpression", str_of(update));
	json_member_open(body, "ExpressionAttributeNames");
	if (update) {
		json_member(body, "#stale", STR("stale"));
		json_member(body, "#attention", STR("attention"));
	}
	put_names(body, seen);
	buf_putc(body, '}');
	json_member_open(body, "ExpressionAttributeValues");
	put_values(body, seen);
	if (update && str_is(seen->decision.outcome, "bad"))
		put_text(body, ":bad", STR("bad"));
	buf_putc(body, '}');
	json_member(body, "ConditionExpression", unchanged(seen));
	buf_putc(body, '}');
}

void ledger_item_delete(struct buf *body, const char *table,
			const struct ledger_seen *seen)
{
	put_change(body, table, seen, NULL);
}

void ledger_item_settle(struct buf *body, const char *table,
			const struct ledger_seen *seen)
{
	put_change(body, table, seen,
		   str_is(seen->decision.outcome, "bad") ?
		   "REMOVE #stale SET #attention = :bad" :
		   "REMOVE #stale, #attention");
}

/* Reading */

struct numbers {
	struct ledger_seen seen;	/* first: one result for all fields */
	struct str is, old_decided;
};

#define FIELD(path, member) { path, offsetof(struct numbers, seen.member), false }

static const struct json_pick_field fields[] = {
	FIELD("object.S", key.object),
	FIELD("seq.S", key.seq),
	FIELD("id.S", facts.id),
	FIELD("event.S", facts.event),
	FIELD("time.S", facts.time),
	FIELD("modified.S", facts.modified),
	FIELD("source.S", facts.source),
	FIELD("bucket.S", facts.bucket),
	FIELD("key.S", facts.key),
	FIELD("version.S", facts.version),
	FIELD("etag.S", facts.etag),
	FIELD("size.N", facts.size),
	FIELD("sequencer.S", facts.sequencer),
	FIELD("outcome.S", decision.outcome),
	FIELD("by.S", decision.by),
	FIELD("code.S", decision.code),
	FIELD("reason.S", decision.reason),
	FIELD("destination.S", decision.destination),
	FIELD("destination_etag.S", decision.destination_etag),
	FIELD("destination_version.S", decision.destination_version),
	FIELD("endpoint.S", decision.endpoint),
	FIELD("why.S", decision.why),
	FIELD("unguarded.BOOL", decision.unguarded),
	FIELD("recorded.S", decision.recorded),
	FIELD("line.N", decision.line),
	FIELD("column.N", decision.column),
	FIELD("byte.N", decision.byte),
	FIELD("count.N", decision.faults),
	FIELD("decided.N", decided),
	FIELD("decisions.L", decisions),
	FIELD("stale.M.outcome.S", stale.outcome),
	FIELD("stale.M.bucket.S", stale.bucket),
	FIELD("stale.M.key.S", stale.key),
	FIELD("stale.M.etag.S", stale.etag),
	FIELD("stale.M.version.S", stale.version),
	FIELD("stale.M.why.S", stale.why),
	FIELD("attention.S", attention),
	FIELD("expires.N", expires),
	{ "decisions.N", offsetof(struct numbers, old_decided), false },
};

enum { FIELDS = sizeof(fields) / sizeof(*fields) };

static int check(struct numbers *read, struct ledger_seen *seen,
		 struct err *err)
{
	if (!read->seen.decided.p && read->old_decided.p) {
		read->seen.decided = read->old_decided;
		read->seen.is_old = true;
	}
	*seen = read->seen;
	seen->decision.count = 1;
	if (seen->decided.p &&
	    str_number(seen->decided, &seen->decision.count) < 0)
		return err_set(err, "InvalidItem",
			       "the item's count of decisions is %.*s",
			       STR_FMT(seen->decided));
	return 0;
}

struct ledger_reader *ledger_reader_new(void)
{
	return (struct ledger_reader *)json_pick_new(fields, FIELDS);
}

void ledger_reader_free(struct ledger_reader *reader)
{
	json_pick_free((struct json_pick *)reader);
}

int ledger_reader_item(struct ledger_reader *reader, struct str item,
		       struct arena *arena, struct ledger_seen *seen,
		       struct err *err)
{
	struct numbers read = { .is = STR_NONE };

	if (json_pick_object((struct json_pick *)reader, item, arena, &read,
			     err) < 0)
		return -1;
	return check(&read, seen, err);
}

int ledger_item_read(struct str answer, struct arena *arena,
		struct ledger_seen *seen, struct err *err)
{
	static const struct json_pick_field item_field[] = { { "Item", 0, false } };
	struct numbers read = { .is = STR_NONE };
	struct str item, kept;

	if (json_pick(item_field, 1, answer, arena, &item, err) < 0)
		return -1;
	if (!item.p)
		return 0;
	kept = arena_dup(arena, item);
	if (!kept.p)
		return err_memory(err);
	if (json_pick(fields, FIELDS, kept, arena, &read, err) < 0 ||
	    check(&read, seen, err) < 0)
		return -1;
	return 1;
}
