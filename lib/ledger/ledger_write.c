/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/ledger_write.h"

#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "record/sequencer.h"

enum { BODY_MAX = 1 << 20, RACES_MAX = 8 };

static void look(struct ledger_write *entry);

static void finish(struct ledger_write *entry, const char *status)
{
	entry->status = status;
	entry->done(entry->arg);
}

static void fail(struct ledger_write *entry, const struct err *err)
{
	entry->err = *err;
	ddb_name_table(&entry->err, entry->table);
	finish(entry, NULL);
}

/* True, if others have been faster too often. */
static bool has_lost(struct ledger_write *entry)
{
	struct err err;

	if (++entry->races <= RACES_MAX)
		return false;
	err_set(&err, "ConditionalCheckFailedException",
		"others keep changing the item");
	err.retry = true;
	fail(entry, &err);
	return true;
}

static void call(struct ledger_write *entry, const char *action, struct buf *body,
		 void (*then)(void *arg))
{
	struct aws_call *aws = &entry->call.aws;
	struct str kept = arena_take(entry->arena, body);
	struct err err;

	if (!kept.p) {
		err_set(&err, "ItemTooLarge", "the item is too large");
		fail(entry, &err);
		return;
	}
	ddb_begin(&entry->call, entry->arena, then, entry);
	aws->deadline = entry->record->deadline;
	aws->trace = entry->record->trace;
	ddb_start(entry->aws, &entry->call, action, kept);
}

static bool is_refused(const struct err *err)
{
	return err_is(err, "ConditionalCheckFailedException");
}

/* A decision that replaces another leaves its debts, if it does not pay them. */
static struct ledger_stale stale_of(const struct ledger_write *entry)
{
	if (entry->stale)
		return *entry->stale;
	if (entry->old && !entry->settles)
		return entry->old->stale;
	return (struct ledger_stale){ .bucket = STR_NONE };
}

static void on_put(void *arg);

static void put(struct ledger_write *entry)
{
	struct ledger_item item = {
		.table = entry->table,
		.key = entry->key,
		.facts = entry->facts,
		.decision = entry->decision,
		.stale = stale_of(entry),
		.old = entry->old,
		.now = time(NULL),
		.days = entry->days,
	};
	struct buf body;

	if (entry->old)
		item.facts = ledger_facts_both(&entry->old->facts,
					       &entry->facts);
	buf_init(&body, BODY_MAX);
	ledger_item_put(&body, &item);
	call(entry, "PutItem", &body, on_put);
}

/* What was removed is removed from the item, too. */

static void on_settled(void *arg)
{
	struct ledger_write *entry = arg;
	struct err err = entry->call.aws.err;

	aws_call_free(&entry->call.aws);
	if (err_is_set(&err) && !is_refused(&err))
		fail(entry, &err);
	else if (!err_is_set(&err))
		finish(entry, entry->result);
	else if (!has_lost(entry))
		look(entry);
}

static void settle(struct ledger_write *entry, const struct ledger_seen *seen)
{
	struct buf body;

	buf_init(&body, BODY_MAX);
	ledger_item_settle(&body, entry->table, seen);
	call(entry, "UpdateItem", &body, on_settled);
}

/* Is what would be removed the copy of another version of the object, too? */
static bool is_shared(const struct ledger_write *entry)
{
	return entry->stale && entry->look.is_shared;
}

/* It stays, and the last of them that is decided otherwise leaves it. */
static void share(struct ledger_write *entry, const struct ledger_seen *seen)
{
	entry->result = "kept";
	if (seen->stale.bucket.n > 0 && !entry->dry)
		settle(entry, seen);
	else
		finish(entry, entry->result);
}

static bool is_as_seen(const struct ledger_write *entry,
		       const struct ledger_decision *there)
{
	return !entry->expects || there->count == entry->expected;
}

static void fail_since(struct ledger_write *entry)
{
	struct err err;

	err_set(&err, "DecidedSince", LEDGER_SINCE);
	err.retry = true;
	fail(entry, &err);
}

/*
 * There is an item already.  The same decision once more changes nothing; it
 * may even be our own write, whose answer was lost.  Another decision replaces
 * it, unless somebody else does so in the meantime.  A failure, or an object
 * that is gone by now, does not replace a decision.
 */
static void meet(struct ledger_write *entry, const struct ledger_seen *seen)
{
	const struct ledger_decision *old = &seen->decision;
	bool keeps = ledger_item_keeps(old, &entry->decision);
	bool owes = entry->settles && !entry->dry && seen->stale.bucket.n > 0 &&
		    is_as_seen(entry, old);

	entry->key = seen->key;
	if (ledger_item_same(old, &entry->decision) && is_shared(entry)) {
		share(entry, seen);
		return;
	}
	if (keeps || (ledger_item_same(old, &entry->decision) &&
		      !ledger_item_is_failure(&entry->decision))) {
		if (!entry->is_written)
			entry->result = keeps ? "kept" : "repeated";
		if (owes)
			settle(entry, seen);
		else
			finish(entry, entry->result);
		return;
	}
	if (!is_as_seen(entry, old)) {
		fail_since(entry);
		return;
	}
	if (has_lost(entry))
		return;
	if (!ledger_item_is_failure(&entry->decision))
		entry->decision.count = old->count + 1;
	entry->old = seen;
	entry->result = entry->decision.count > 1 ? "replaced" : "written";
	if (entry->dry)
		finish(entry, entry->result);
	else
		put(entry);
}

/* Two items that are one */

static void on_twin_deleted(void *arg)
{
	struct ledger_write *entry = arg;
	struct err err = entry->call.aws.err;

	aws_call_free(&entry->call.aws);
	if (err_is_set(&err) && !is_refused(&err))
		fail(entry, &err);
	else if (!has_lost(entry))
		look(entry);
}

static void on_both_put(void *arg)
{
	struct ledger_write *entry = arg;
	struct err err = entry->call.aws.err;
	struct buf body;

	aws_call_free(&entry->call.aws);
	if (is_refused(&err)) {
		if (!has_lost(entry))
			look(entry);
		return;
	}
	if (err_is_set(&err)) {
		fail(entry, &err);
		return;
	}
	buf_init(&body, BODY_MAX);
	ledger_item_delete(&body, entry->table, entry->twin);
	call(entry, "DeleteItem", &body, on_twin_deleted);
}

/* Which of two decisions about one version counts?  false: the first. */
static bool second_counts(const struct ledger_decision *first,
			  const struct ledger_decision *second)
{
	if (ledger_item_keeps(second, first))
		return true;
	if (ledger_item_keeps(first, second))
		return false;
	if (ledger_item_same(first, second))
		return str_compare(second->recorded, first->recorded) < 0;
	return str_compare(second->recorded, first->recorded) > 0;
}

/* The same decision by two is one.  What was written once is not counted twice. */
static unsigned long long count_both(const struct ledger_seen *item,
				     const struct ledger_seen *twin)
{
	unsigned long long a = item->decision.count, b = twin->decision.count;
	bool is_in = ledger_item_same(&item->decision, &twin->decision);

	return !is_in ? a + b : a > b ? a : b;
}

/*
 * Ours was written, but another had been there: was it the same, did it have to
 * stay, or does ours replace it?
 */
static void say_result(struct ledger_write *entry,
		       const struct ledger_seen *item,
		       const struct ledger_seen *twin,
		       const struct ledger_decision *counts)
{
	const struct ledger_decision *ours =
		str_eq(item->key.seq, entry->key.seq) ? &item->decision :
							&twin->decision;

	if (ledger_item_same(&item->decision, &twin->decision) ||
	    counts != ours)
		entry->is_written = false;
	else
		entry->result = "replaced";
}

static void unite(struct ledger_write *entry)
{
	const struct ledger_seen *item = entry->look.item;
	const struct ledger_seen *twin = entry->look.twin;
	const struct ledger_decision *counts =
		second_counts(&item->decision, &twin->decision) ?
		&twin->decision : &item->decision;
	struct ledger_item both = {
		.table = entry->table,
		.key = item->key,
		.facts = ledger_facts_both(&item->facts, &twin->facts),
		.decision = *counts,
		.stale = item->stale.bucket.n > 0 ? item->stale : twin->stale,
		.old = item,
		.twin = twin,
		.now = time(NULL),
	};
	struct buf body;

	say_result(entry, item, twin, counts);
	both.decision.count = count_both(item, twin);
	entry->twin = twin;
	buf_init(&body, BODY_MAX);
	ledger_item_put(&body, &both);
	call(entry, "PutItem", &body, on_both_put);
}

static void on_looked(void *arg)
{
	struct ledger_write *entry = arg;
	const struct ledger_seen *item = entry->look.item;

	if (err_is_set(&entry->look.err)) {
		fail(entry, &entry->look.err);
	} else if (item && entry->look.twin && !entry->dry) {
		unite(entry);
	} else if (entry->is_written &&
		   (!item || str_eq(item->key.seq, entry->key.seq))) {
		if (item && is_shared(entry))
			share(entry, item);
		else
			finish(entry, entry->result);
	} else if (item) {
		meet(entry, item);
	} else if (entry->dry) {
		finish(entry, "written");
	} else if (!has_lost(entry)) {
		entry->key = ledger_item_key(entry->record, entry->look.in_ns,
					     entry->arena);
		entry->old = NULL;
		put(entry);
	}
}

static void look(struct ledger_write *entry)
{
	entry->look = (struct ledger_look){
		.aws = entry->aws, .arena = entry->arena,
		.record = entry->record, .table = entry->table,
		.copy = entry->stale, .done = on_looked, .arg = entry,
	};
	ledger_look_start(&entry->look);
}

/*
 * Without an identity nothing else can be the same.  Whose copy it is as well is
 * asked when ours is written: of two at once the later one sees the other.
 */
static void written(struct ledger_write *entry)
{
	entry->result = entry->decision.count > 1 ? "replaced" : "written";
	entry->is_written = true;
	if ((!entry->old || entry->stale) && ledger_look_knows(entry->record))
		look(entry);
	else
		finish(entry, entry->result);
}

static void on_got(void *arg)
{
	struct ledger_write *entry = arg;
	struct aws_call *aws = &entry->call.aws;
	struct ledger_seen *old = arena_alloc(entry->arena, sizeof(*old));
	struct err err = aws->err;
	int found = -1;

	if (!err_is_set(&err) && old)
		found = ledger_item_read(buf_str(&aws->http.body_in),
					 entry->arena, old, &err);
	else if (!old)
		err_memory(&err);
	aws_call_free(aws);
	if (found < 0) {
		fail(entry, &err);
	} else if (found > 0) {
		meet(entry, old);
	} else if (!has_lost(entry)) {
		/* It was removed in the meantime. */
		entry->old = NULL;
		put(entry);
	}
}

static void get(struct ledger_write *entry)
{
	struct buf body;

	buf_init(&body, BODY_MAX);
	ledger_item_get(&body, entry->table, entry->key);
	call(entry, "GetItem", &body, on_got);
}

/*
 * AWS sends the old item with a failed condition; other servers are asked.  A
 * twin may have been left by somebody who was killed, so whoever can looks.
 */
static void on_put(void *arg)
{
	struct ledger_write *entry = arg;
	struct aws_call *aws = &entry->call.aws;
	struct ledger_seen *old = arena_alloc(entry->arena, sizeof(*old));
	struct err err = aws->err, unreadable;
	int found = 0;

	if (is_refused(&err) && old)
		found = ledger_item_read(buf_str(&aws->http.body_in),
					 entry->arena, old, &unreadable);
	aws_call_free(aws);
	if (!err_is_set(&err))
		written(entry);
	else if (!is_refused(&err))
		fail(entry, &err);
	else if (ledger_look_knows(entry->record))
		look(entry);
	else if (found > 0)
		meet(entry, old);
	else
		get(entry);
}

void ledger_write_start(struct ledger_write *entry)
{
	bool has_place = sequencer_is_ordered(entry->record) ||
			 !ledger_look_knows(entry->record);
	struct err err;

	entry->key = ledger_item_key(entry->record, false, entry->arena);
	entry->facts = ledger_facts(entry->record);
	entry->decision = ledger_decision(entry->record, entry->arena);
	if (!entry->key.object.p || !entry->key.seq.p) {
		err_memory(&err);
		fail(entry, &err);
	} else if (entry->dry && !ledger_look_knows(entry->record)) {
		get(entry);
	} else if (entry->dry || !has_place) {
		look(entry);
	} else {
		put(entry);
	}
}

void ledger_write_cancel(struct ledger_write *entry)
{
	aws_call_free(&entry->call.aws);
	ledger_look_cancel(&entry->look);
}
