/* SPDX-License-Identifier: Apache-2.0 */
#include "redo/redo.h"

#include <stddef.h>

#include "format/json_write.h"
#include "hash/etag.h"
#include "ledger/ledger_read.h"
#include "record/dest_key.h"

static void remove_next(struct redo *redo);

static void finish(struct redo *redo)
{
	redo->done(redo->arg);
}

static void fail(struct redo *redo, const struct err *err)
{
	redo->err = *err;
	finish(redo);
}

static bool is_put(const struct record_copy *copy)
{
	return copy->bucket.n > 0 && copy->key.n > 0;
}

/* The ledger has another decision than the list. */
static bool is_outdated(const struct record_was *was,
			const struct ledger_decision *there)
{
	unsigned long long decided;

	return str_number(was->decided, &decided) < 0 ||
	       decided != there->count || !str_eq(was->recorded, there->recorded);
}

int redo_catch_up(struct record_was *was, struct record_copy *ours,
		  const struct record *record, const struct ledger_seen *seen,
		  struct arena *arena, struct err *err)
{
	const struct ledger_decision *there = seen ? &seen->decision : NULL;
	struct ledger_decision now = ledger_decision(record, arena);

	if (!there || !is_outdated(was, there))
		return 0;
	if (!ledger_item_repeats(there, &now)) {
		err_set(err, "DecidedSince", LEDGER_SINCE);
		err->retry = true;
		return -1;
	}
	was->stale = (struct record_copy){
		.outcome = seen->stale.outcome, .bucket = seen->stale.bucket,
		.key = seen->stale.key, .etag = seen->stale.etag,
		.version = seen->stale.version, .why = seen->stale.why,
	};
	*ours = (struct record_copy){
		.outcome = there->outcome, .etag = there->destination_etag,
		.version = there->destination_version,
		.endpoint = there->endpoint,
	};
	ledger_read_split(there->destination, &ours->bucket, &ours->key);
	return 0;
}

struct s3_object redo_ours(const struct record_copy *copy, struct str endpoint)
{
	if (!str_is(copy->outcome, "good") || !record_copy_is_known(copy) ||
	    !str_eq(copy->endpoint, endpoint))
		return (struct s3_object){ .bucket = STR_NONE };
	return (struct s3_object){
		.bucket = copy->bucket, .key = copy->key,
		.version = copy->version, .etag = copy->etag,
	};
}

static const char *outcome_of(const struct redo *redo)
{
	return record_outcome_name(record_outcome(redo->work.record));
}

static bool is_changed(const struct redo *redo)
{
	const struct record *r = redo->work.record;
	const struct record_was *was = &redo->was;
	const struct record_copy *now = &redo->now;

	return !str_is(was->copy.outcome, outcome_of(redo)) ||
	       (r->bad.p && (!str_eq(was->code, r->bad_code) ||
			     !str_eq(was->reason, r->bad_reason))) ||
	       (is_put(now) && !record_copy_same_place(now, &was->copy)) ||
	       (now->etag.n > 0 && was->copy.etag.n > 0 &&
		!str_eq(now->etag, was->copy.etag));
}

static void put_removed(struct buf *members, const struct redo *redo)
{
	struct buf name;

	buf_init(&name, RECORD_MAX);
	buf_puts(members, redo->dry ? ",\"removes\":[" : ",\"removed\":[");
	for (unsigned i = 0; i < redo->n_removed; i++) {
		buf_reset(&name);
		buf_put_str(&name, redo->removed[i].bucket);
		buf_putc(&name, '/');
		buf_put_str(&name, redo->removed[i].key);
		if (i > 0)
			buf_putc(members, ',');
		json_put(members, buf_str(&name));
		members->failed |= name.failed;
	}
	buf_putc(members, ']');
	buf_free(&name);
}

void redo_put(struct buf *members, const struct redo *redo)
{
	if (!redo->has_begun)
		return;
	json_member_open(members, "redo");
	json_member(members, "from", redo->was.copy.outcome);
	json_member(members, "to", str_of(outcome_of(redo)));
	json_member_bool(members, "changed", is_changed(redo));
	if (redo->expects)
		json_member_number(members, "decided", redo->expected);
	if (redo->n_removed > 0)
		put_removed(members, redo);
	if (err_is_set(&redo->kept))
		json_member(members, "kept", str_of(redo->kept.message));
	if (redo->settled)
		json_member_bool(members, "settled", true);
	buf_putc(members, '}');
}

static void note_removed(struct redo *redo, struct str key)
{
	redo->removed[redo->n_removed].bucket = redo->removing->bucket;
	redo->removed[redo->n_removed++].key = key;
}

static void on_removed(void *arg)
{
	struct redo *redo = arg;
	const struct removal *removal = &redo->removal;

	if (removal->is_failed) {
		fail(redo, &removal->err);
		return;
	}
	if (removal->removed_copy)
		note_removed(redo, redo->removing->key);
	if (removal->removed_why)
		note_removed(redo, redo->removing->why);
	if (removal->is_kept)
		redo->kept = removal->err;
	redo->removing->key = STR_NONE;
	redo->settled = true;
	remove_next(redo);
}

/*
 * Is the copy perhaps another object's, too?  It is not if its name is that of
 * no other, by the template that it was made by.
 */
static bool may_be_of_others(const struct redo *redo,
			     const struct record_copy *copy)
{
	const char *template = str_is(copy->outcome, "bad") ?
		redo->bad_template : redo->good_template;

	return !dest_key_is_of_one(template, redo->has_buckets) ||
	       !dest_key_is_of(copy->key, template, redo->work.record);
}

static void say_shared(struct redo *redo)
{
	err_set(&redo->kept, "NotSafe", "another object or version may have "
		"the same copy: it is not removed");
}

static void remove_copy(struct redo *redo, struct record_copy *copy)
{
	bool is_shared = may_be_of_others(redo, copy) ||
			 (copy == &redo->was.copy ?
			  redo->write.look.is_shared : redo->look.is_shared);

	if (is_shared)
		say_shared(redo);
	redo->removing = copy;
	redo->removal = (struct removal){
		.work = redo->work, .copy = copy, .loop = redo->loop,
		.is_shared = is_shared,
		.done = on_removed, .arg = redo,
	};
	removal_start(&redo->removal);
}

/* In a dry run. */
static void name_copy(struct redo *redo)
{
	struct record_copy *copy = redo->removing;

	if (may_be_of_others(redo, copy) || redo->look.is_shared)
		say_shared(redo);
	else
		note_removed(redo, copy->key);
	if (copy->why.n > 0)
		note_removed(redo, copy->why);
	copy->key = STR_NONE;
	remove_next(redo);
}

static void on_looked(void *arg)
{
	struct redo *redo = arg;

	if (err_is_set(&redo->look.err))
		fail(redo, &redo->look.err);
	else if (redo->dry)
		name_copy(redo);
	else
		remove_copy(redo, redo->removing);
}

/* Has another version come to have the copy that is to be removed? */
static void look_at(struct redo *redo, struct record_copy *old)
{
	redo->removing = old;
	redo->stale = (struct ledger_stale){
		old->outcome, old->bucket, old->key, old->etag, old->version,
		old->why
	};
	redo->look = (struct ledger_look){
		.aws = redo->aws, .arena = redo->work.arena,
		.record = redo->work.record, .table = redo->table,
		.copy = &redo->stale, .done = on_looked, .arg = redo,
	};
	ledger_look_start(&redo->look);
}

static void on_noted(void *arg)
{
	struct redo *redo = arg;

	if (!redo->write.status) {
		fail(redo, &redo->write.err);
		return;
	}
	if (redo->write.is_written)
		redo->expected++;
	if ((str_is(str_of(redo->write.status), "kept") &&
	     !redo->write.look.is_shared) ||
	    redo->is_unsafe || redo->relies)
		finish(redo);
	else
		remove_copy(redo, &redo->was.copy);
}

/* The ledger says what is now, and what is to be removed. */
static void note(struct redo *redo)
{
	const struct record_copy *old = &redo->was.copy, *now = &redo->now;
	struct record *noted = &redo->noted;

	redo->settled = false;
	*noted = *redo->work.record;
	noted->route_bucket = now->bucket;
	noted->route_key = now->key;
	noted->route_etag = now->etag;
	noted->route_version = record_is_version(now->version) ? now->version :
							       STR_NONE;
	noted->route_endpoint = now->endpoint;
	noted->route_why = now->why;
	redo->stale = (struct ledger_stale){
		old->outcome, old->bucket, old->key, old->etag, old->version,
		old->why
	};
	redo->write = (struct ledger_write){
		.aws = redo->aws, .arena = redo->work.arena, .record = noted,
		.table = redo->table, .stale = &redo->stale,
		.expects = redo->expects, .expected = redo->expected,
		.done = on_noted, .arg = redo,
	};
	ledger_write_start(&redo->write);
}

/* Is the copy somewhere else than the new one, in the store that we write to? */
static bool is_superseded(const struct redo *redo,
			  const struct record_copy *copy)
{
	return is_put(copy) && !record_copy_same_place(copy, &redo->now) &&
	       str_eq(copy->endpoint, redo->now.endpoint);
}

/*
 * A copy that others may overwrite is no reason to remove anything, nor is one
 * that somebody may still be about to remove.  That there is something to remove
 * is noted, and the next run does it.
 */
static void keep_unsafe(struct redo *redo, bool owes)
{
	err_set(&redo->kept, "NotSafe", "%s", redo->is_unsafe ?
		"the server lets others overwrite the new copy: the old one is "
		"not removed, but see --unguarded" :
		"a run before was to remove the copy that counts now: the other "
		"one is not removed before the next run");
	if (owes || redo->dry || !record_copy_is_known(&redo->was.copy))
		finish(redo);
	else
		note(redo);
}

/*
 * What an earlier run has left goes first: the ledger says already that it is
 * superseded.
 */
static void remove_next(struct redo *redo)
{
	bool owes = is_superseded(redo, &redo->was.stale);

	if (!owes && !is_superseded(redo, &redo->was.copy)) {
		finish(redo);
	} else if (redo->is_unsafe || redo->relies) {
		keep_unsafe(redo, owes);
	} else if (owes || redo->dry) {
		look_at(redo, owes ? &redo->was.stale : &redo->was.copy);
	} else if (!record_copy_is_known(&redo->was.copy)) {
		remove_copy(redo, &redo->was.copy);
	} else {
		note(redo);
	}
}

void redo_start(struct redo *redo)
{
	redo->has_begun = true;
	redo->was.stale.endpoint = redo->now.endpoint;
	/* A stale copy in the place of the new one is not stale any more. */
	redo->relies = is_put(&redo->was.stale) &&
		       record_copy_same_place(&redo->was.stale, &redo->now);
	redo->settled = redo->relies;
	remove_next(redo);
}

static void on_copy_seen(void *arg)
{
	struct redo *redo = arg;
	struct err err = s3_end(&redo->seen);

	if (!err_is_set(&err) && !etag_same(redo->now.etag, redo->seen.etag) &&
	    !(record_is_version(redo->now.version) &&
	      str_eq(redo->now.version, redo->seen.version))) {
		err_set(&err, "OddServer", "the server shows neither ETag nor "
			"version of the copy");
		err.retry = true;
	}
	if (s3_may_be_gone(&err))
		finish(redo);
	else if (err_is_set(&err))
		fail(redo, &err);
	else
		redo_start(redo);
}

void redo_gone(struct redo *redo)
{
	const struct record_copy *copy = &redo->was.copy;
	const struct s3_object what = {
		.bucket = copy->bucket, .key = copy->key,
		.version = copy->version, .etag = copy->etag
	};

	if (!is_put(&redo->was.stale) || redo->dry ||
	    !record_copy_is_known(copy) ||
	    !str_eq(copy->endpoint, redo->now.endpoint)) {
		finish(redo);
		return;
	}
	redo->now = *copy;
	s3_head(redo->work.aws,
		s3_begin(&redo->work, &redo->seen, on_copy_seen, redo), &what);
}

void redo_cancel(struct redo *redo)
{
	aws_call_free(&redo->seen.aws);
	removal_cancel(&redo->removal);
	ledger_look_cancel(&redo->look);
	ledger_write_cancel(&redo->write);
}
