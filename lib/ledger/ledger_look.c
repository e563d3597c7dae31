/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/ledger_look.h"

#include <string.h>

#include "base/buf.h"
#include "format/json_write.h"
#include "hash/etag.h"
#include "ledger/ledger_page.h"
#include "record/sequencer.h"

/* A page of a thousand items is read whole, whatever is in them. */
enum { BODY_MAX = 64 << 10, PAGE_MAX = 4 << 20, PAGE_ITEMS = 1000 };

bool ledger_look_knows(const struct record *record)
{
	return record_is_version(record->version) ||
	       record_etag(record).n > 0 || sequencer_is_ordered(record);
}

static void finish(struct ledger_look *look)
{
	ledger_reader_free(look->reader);
	look->reader = NULL;
	arena_free(&look->page);
	look->done(look->arg);
}

static void no_memory(struct ledger_look *look)
{
	err_memory(&look->err);
	finish(look);
}

/* Is it the same version? */

static bool has_same_version(const struct record *r,
			     const struct ledger_facts *there)
{
	return record_is_version(r->version) &&
	       str_eq(r->version, there->version);
}

static bool is_other_version(const struct record *r,
			     const struct ledger_facts *there)
{
	return record_is_version(r->version) &&
	       record_is_version(there->version) &&
	       !str_eq(r->version, there->version);
}

/* Two events of one ETag are two versions, unless their sequencers are one. */
static bool is_other_event(const struct record *r,
			   const struct ledger_facts *there)
{
	return r->sequencer.n > 0 && there->sequencer.n > 0 &&
	       sequencer_compare(r->sequencer, there->sequencer) != 0;
}

static bool is_same(const struct ledger_look *look,
		    const struct ledger_seen *there)
{
	const struct record *r = look->record;

	if (str_eq(there->key.seq, look->seq) ||
	    has_same_version(r, &there->facts))
		return true;
	return !is_other_version(r, &there->facts) &&
	       !is_other_event(r, &there->facts) &&
	       etag_same(record_etag(r), there->facts.etag);
}

/* Which of two is meant? */

/* An event knows its own place; the first event of a version has created it. */
static bool is_better(const struct ledger_look *look,
		      const struct ledger_seen *a, const struct ledger_seen *b)
{
	const struct record *r = look->record;
	bool a_is_event = a->facts.sequencer.n > 0;
	bool b_is_event = b->facts.sequencer.n > 0;
	bool a_is_named = has_same_version(r, &a->facts);
	bool b_is_named = has_same_version(r, &b->facts);
	int order = str_compare(a->key.seq, b->key.seq);

	if (a_is_event != b_is_event)
		return a_is_event;
	if (a_is_named != b_is_named)
		return a_is_named;
	return a_is_event && !a_is_named && r->sequencer.n == 0 ? order > 0 :
								order < 0;
}

/*
 * Is it the same version as the item, and not only as the record?  To a record
 * from a list each of several events may be its own.
 */
static bool is_twin(const struct ledger_look *look,
		    const struct ledger_seen *other)
{
	return look->record->sequencer.n > 0 ||
	       other->facts.sequencer.n == 0 ||
	       has_same_version(look->record, &other->facts);
}

static struct ledger_seen *keep(struct ledger_look *look, struct str item,
				struct err *err)
{
	struct ledger_seen *seen = arena_alloc(look->arena, sizeof(*seen));
	struct str kept = arena_dup(look->arena, item);

	if (!seen || !kept.p) {
		err_memory(err);
		return NULL;
	}
	return ledger_reader_item(look->reader, kept, look->arena, seen, err) <
	       0 ? NULL : seen;
}

static void learn_form(struct ledger_look *look,
		       const struct ledger_facts *facts)
{
	if (ledger_key_is_ns(facts->sequencer, facts->time))
		look->in_ns = true;
}

/* Of equal bytes, several versions may have one copy. */
static bool is_at_copy(const struct ledger_look *look,
		       const struct ledger_seen *other)
{
	const struct ledger_decision *there = &other->decision;

	return look->shared.n > 0 && str_eq(there->destination, look->shared) &&
	       (there->destination_version.n == 0 ||
		look->copy->version.n == 0 ||
		str_eq(there->destination_version, look->copy->version));
}

static int see(void *ctx, struct str item, struct err *err)
{
	struct ledger_look *look = ctx;
	struct ledger_seen seen, *kept;

	if (ledger_reader_item(look->reader, item, &look->page, &seen, err) < 0)
		return -1;
	learn_form(look, &seen.facts);
	if (!is_same(look, &seen)) {
		look->is_shared |= is_at_copy(look, &seen);
		return 0;
	}
	kept = keep(look, item, err);
	if (!kept)
		return -1;
	if (!look->item) {
		look->item = kept;
	} else if (is_better(look, kept, look->item)) {
		if (is_twin(look, look->item))
			look->twin = look->item;
		look->item = kept;
	} else if (is_twin(look, kept)) {
		look->twin = kept;
	}
	return 0;
}

/* The pages */

static void ask(struct ledger_look *look);

static bool is_before_all(const struct ledger_look *look, struct str seq)
{
	return look->earliest.p && str_compare(seq, look->earliest) < 0;
}

static void on_page(void *arg)
{
	struct ledger_look *look = arg;
	struct aws_call *aws = &look->call.aws;
	struct ledger_page page = { .last = STR_NONE };
	bool goes_on, is_undated;

	look->err = aws->err;
	ddb_name_table(&look->err, look->table);
	if (!err_is_set(&look->err))
		ledger_page_read(buf_str(&aws->http.body_in), &look->page, see,
				 look, &page, &look->err);
	is_undated = !look->undated && page.last.p &&
		     is_before_all(look, page.last_seq);
	goes_on = page.last.p && !is_undated;
	look->from = goes_on ? arena_dup(look->arena, page.last) : STR_NONE;
	aws_call_free(aws);
	arena_reset(&look->page);
	if (goes_on && !look->from.p && !err_is_set(&look->err))
		err_memory(&look->err);
	if (err_is_set(&look->err) || (!goes_on && !is_undated)) {
		finish(look);
	} else {
		look->undated |= is_undated;
		ask(look);
	}
}

static void put_query(struct buf *body, const struct ledger_look *look)
{
	buf_putc(body, '{');
	json_member(body, "TableName", str_of(look->table));
	json_member_bool(body, "ConsistentRead", true);
	json_member_bool(body, "ScanIndexForward", false);
	json_member_number(body, "Limit", look->earliest.p ? LEDGER_LOOK_PAGE :
							     PAGE_ITEMS);
	json_member(body, "KeyConditionExpression", look->undated ?
		    STR("#o = :o AND #s < :s") : STR("#o = :o"));
	json_member_open(body, "ExpressionAttributeNames");
	json_member(body, "#o", STR("object"));
	if (look->undated)
		json_member(body, "#s", STR("seq"));
	buf_putc(body, '}');
	json_member_open(body, "ExpressionAttributeValues");
	json_member_open(body, ":o");
	json_member(body, "S", look->object);
	buf_putc(body, '}');
	if (look->undated) {
		json_member_open(body, ":s");
		json_member(body, "S", STR(LEDGER_KEY_DATED));
		buf_putc(body, '}');
	}
	buf_putc(body, '}');
	if (look->from.p) {
		buf_puts(body, ",\"ExclusiveStartKey\":");
		buf_put_str(body, look->from);
	}
	buf_putc(body, '}');
}

static void ask(struct ledger_look *look)
{
	struct aws_call *aws = &look->call.aws;
	struct str kept;
	struct buf body;

	buf_init(&body, BODY_MAX);
	put_query(&body, look);
	kept = arena_take(look->arena, &body);
	if (!kept.p) {
		no_memory(look);
		return;
	}
	ddb_begin(&look->call, look->arena, on_page, look);
	aws->deadline = look->record->deadline;
	aws->trace = look->record->trace;
	ddb_start(look->aws, &look->call, "Query", kept);
}

void ledger_look_start(struct ledger_look *look)
{
	struct ledger_item_key key = ledger_item_key(look->record, false,
						     look->arena);

	arena_init(&look->page, PAGE_MAX);
	look->object = key.object;
	look->seq = key.seq;
	if (look->copy)
		look->shared = ledger_key_joined(look->copy->bucket,
						 look->copy->key, look->arena);
	/* Any version, however old, may have the same copy. */
	if (!look->copy)
		look->earliest = ledger_key_earliest(look->record, look->arena);
	look->reader = ledger_reader_new();
	if (look->reader && key.object.p && key.seq.p)
		ask(look);
	else
		no_memory(look);
}

void ledger_look_cancel(struct ledger_look *look)
{
	aws_call_free(&look->call.aws);
	ledger_reader_free(look->reader);
	look->reader = NULL;
	arena_free(&look->page);
}
