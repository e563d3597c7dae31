/* SPDX-License-Identifier: Apache-2.0 */
#include "entry.h"

#include <string.h>
#include <time.h>

#include "buf.h"

enum { BODY_MAX = 512 << 10, RACES_MAX = 8 };

static void finish(struct entry *entry, const char *status)
{
	entry->status = status;
	entry->done(entry->arg);
}

static void fail(struct entry *entry, const struct err *err)
{
	entry->err = *err;
	finish(entry, NULL);
}

static void call(struct entry *entry, const char *action, struct buf *body,
		 void (*then)(void *arg))
{
	struct aws_call *aws = &entry->call.aws;
	struct str kept = body->failed ? STR_NONE :
		arena_dup(entry->arena, buf_str(body));
	struct err err;

	buf_free(body);
	memset(&entry->call, 0, sizeof(entry->call));
	if (!kept.p) {
		err_set(&err, "ItemTooLarge", "the item is too large");
		fail(entry, &err);
		return;
	}
	aws_call_for(aws, entry->record, entry->arena);
	aws->done = then;
	aws->arg = entry;
	ddb_start(entry->aws, &entry->call, action, kept);
}

static void on_put(void *arg);
static void on_got(void *arg);

static void put(struct entry *entry)
{
	const struct ledger_item item = {
		.table = entry->table,
		.record = entry->record,
		.key = entry->key,
		.decision = entry->decision,
		.now = time(NULL),
		.days = entry->days,
	};
	struct buf body;

	buf_init(&body, BODY_MAX);
	ledger_put(&body, &item);
	call(entry, "PutItem", &body, on_put);
}

static void get(struct entry *entry)
{
	struct buf body;

	buf_init(&body, BODY_MAX);
	ledger_get(&body, entry->table, entry->key);
	call(entry, "GetItem", &body, on_got);
}

/* The item is written now, or would be. */
static void written(struct entry *entry)
{
	finish(entry, entry->decision.count > 1 ? "replaced" : "written");
}

/*
 * There is an item: the same decision once more changes nothing (this may
 * even be our own write, whose answer was lost); another one replaces it, if
 * nobody else does meanwhile.  That an object is gone by now is no news about
 * one that was decided before, and no failure is.
 */
static void meet(struct entry *entry, const struct ledger_decision *old)
{
	struct err err;

	if (ledger_keeps(old, &entry->decision)) {
		finish(entry, "kept");
		return;
	}
	if (ledger_same(old, &entry->decision) &&
	    !ledger_is_failure(&entry->decision)) {
		finish(entry, "repeated");
		return;
	}
	if (++entry->races > RACES_MAX) {
		err_set(&err, "ConditionalCheckFailedException",
			"others keep changing the item");
		err.retry = true;
		fail(entry, &err);
		return;
	}
	if (!ledger_is_failure(&entry->decision))
		entry->decision.count = old->count + 1;
	if (entry->dry)
		written(entry);
	else
		put(entry);
}

/* No item: it was removed between two looks, or we have only looked. */
static void begin_again(struct entry *entry)
{
	const struct ledger_decision nothing = { .count = 0 };

	meet(entry, &nothing);
}

static void on_got(void *arg)
{
	struct entry *entry = arg;
	struct aws_call *aws = &entry->call.aws;
	struct ledger_decision old;
	struct err err = aws->err;
	int found = err_is_set(&err) ? -1 :
		ledger_read(buf_str(&aws->http.body_in), aws->arena, &old,
			    &err);

	aws_call_free(aws);
	if (found < 0)
		fail(entry, &err);
	else if (found > 0)
		meet(entry, &old);
	else
		begin_again(entry);
}

/* Emulators that do not send the item along are asked for it. */
static void on_put(void *arg)
{
	struct entry *entry = arg;
	struct aws_call *aws = &entry->call.aws;
	struct err err = aws->err;
	struct ledger_decision old;
	struct err unreadable;
	int found;

	if (!err_is_set(&err)) {
		aws_call_free(aws);
		written(entry);
		return;
	}
	if (strcmp(err.code, "ConditionalCheckFailedException") != 0) {
		aws_call_free(aws);
		fail(entry, &err);
		return;
	}
	found = ledger_read(buf_str(&aws->http.body_in), aws->arena, &old,
			    &unreadable);
	aws_call_free(aws);
	if (found > 0)
		meet(entry, &old);
	else
		get(entry);
}

void entry_start(struct entry *entry)
{
	struct err err;

	entry->key = ledger_key(entry->record, entry->arena);
	entry->decision = ledger_decision(entry->record, entry->arena);
	if (!entry->key.object.p || !entry->key.seq.p) {
		err_set(&err, "OutOfMemory", "out of memory");
		fail(entry, &err);
	} else if (entry->dry) {
		get(entry);
	} else {
		put(entry);
	}
}

void entry_cancel(struct entry *entry)
{
	aws_call_free(&entry->call.aws);
}
