/* SPDX-License-Identifier: Apache-2.0 */
#include "redo/removal.h"

#include <stddef.h>

#include "config/config_endpoint.h"
#include "format/json_pick.h"
#include "hash/etag.h"
#include "http/http_head.h"

enum { TRIES_MAX = 3, WHY_MAX = 2 * RECORD_MAX };

static void look(void *arg);

static void finish(struct removal *removal)
{
	removal->done(removal->arg);
}

static void fail(struct removal *removal, const struct err *err)
{
	removal->is_failed = true;
	removal->err = *err;
	finish(removal);
}

static void keep(struct removal *removal, const char *why)
{
	removal->is_kept = true;
	err_set(&removal->err, "NotOurs", "%.*s/%.*s %s: not removed",
		STR_FMT(removal->copy->bucket), STR_FMT(removal->key), why);
	finish(removal);
}

static struct s3_call *begin(struct removal *removal, void (*done)(void *arg))
{
	return s3_begin(&removal->work, &removal->call, done, removal);
}

/*
 * One version is away.  What a later one of ours had replaced comes to light
 * below it, and has to go, too.
 */
static void look_below(struct removal *removal)
{
	removal->is_below = true;
	removal->tries = 0;
	removal->reads = false;
	removal->version = removal->etag = STR_NONE;
	look(removal);
}

/* The copy is away: now its explanation. */
static void go_on(struct removal *removal)
{
	if (!removal->is_below && record_is_version(removal->version)) {
		look_below(removal);
		return;
	}
	removal->is_below = false;
	if (removal->is_why || removal->copy->why.n == 0) {
		finish(removal);
		return;
	}
	removal->is_why = true;
	removal->tries = 0;
	removal->key = removal->copy->why;
	removal->version = removal->etag = STR_NONE;
	look(removal);
}

/* It is another's copy, too; what explains this record explains it no more. */
static void leave_copy(struct removal *removal)
{
	removal->version = STR_NONE;
	go_on(removal);
}

static void on_deleted(void *arg)
{
	struct removal *removal = arg;
	struct err err = s3_end(&removal->call);

	if (!err_is_set(&err)) {
		if (removal->is_why)
			removal->removed_why = true;
		else
			removal->removed_copy = true;
		removal->is_below = false;
		go_on(removal);
	} else if (s3_may_be_gone(&err) && removal->tries++ < TRIES_MAX) {
		removal->reads = false;
		look(removal);
	} else {
		fail(removal, &err);
	}
}

static bool is_custom(const struct removal *removal)
{
	return config_endpoint_is_custom(aws_config(removal->work.aws),
					 CONFIG_S3);
}

/*
 * now is the server's time, or -1.  A server that compares times knows only
 * seconds, so what was written in this one is left alone until it is over.
 */
static void remove_it(struct removal *removal, long long now)
{
	const struct s3_object what = { .bucket = removal->copy->bucket,
					.key = removal->key,
					.version = removal->version,
					.etag = removal->etag };
	bool has_version = record_is_version(removal->version);
	struct s3_call *call;

	if (!has_version && is_custom(removal) && now >= 0 &&
	    removal->modified >= now) {
		removal->reads = false;
		loop_timer_set(removal->loop, &removal->timer, 1000, look,
			       removal);
		return;
	}
	call = begin(removal, on_deleted);
	if (!has_version)
		call->unmodified_since = removal->modified;
	s3_delete(removal->work.aws, call, &what);
}

/* Does it say of itself that it explains this record? */
static bool explains_this(const struct removal *removal)
{
	struct { struct str id, written, bad; } said;
	static const struct json_pick_field fields[] = {
		{ "id", 0, true },
		{ "written", sizeof(struct str), true },
		{ "bad", 2 * sizeof(struct str), false },
	};
	struct err ignored;

	return json_pick(fields, 3, buf_str(&removal->call.aws.http.body_in),
			 removal->work.arena, &said, &ignored) == 0 &&
	       said.written.n > 0 && said.bad.p &&
	       str_eq(said.id, removal->work.record->id);
}

/* Of what lies below our copy the ledger knows nothing any more. */
static bool is_ours(const struct removal *removal)
{
	const struct record_copy *copy = removal->copy;

	if (err_is_set(&removal->call.aws.err))
		return false;
	if (removal->is_why)
		return removal->reads && explains_this(removal);
	if (removal->is_below)
		return removal->call.record_id.n > 0 &&
		       str_eq(removal->call.record_id, removal->work.record->id);
	return copy->etag.n == 0 || etag_same(copy->etag, removal->call.etag);
}

/* What it explains is in it. */
static bool has_to_read(const struct removal *removal)
{
	return !err_is_set(&removal->call.aws.err) && removal->is_why &&
	       !removal->reads && removal->call.has_size &&
	       removal->call.size <= WHY_MAX;
}

static void on_seen(void *arg)
{
	struct removal *removal = arg;
	bool has_read = !has_to_read(removal), ours = is_ours(removal);
	bool is_over = s3_is_absent(&removal->call) ||
		       (removal->is_below && !ours &&
			!err_is_set(&removal->call.aws.err));
	long long now = http_head_date(&removal->call.aws.http);
	struct err err;

	removal->modified = removal->call.modified;
	err = s3_end(&removal->call);
	if (!has_read) {
		removal->reads = true;
		look(removal);
	} else if (is_over) {
		go_on(removal);
	} else if (err_is_set(&err)) {
		fail(removal, &err);
	} else if (!ours) {
		keep(removal, removal->is_why ? "explains something else" :
					  "is something else by now");
	} else {
		removal->etag = removal->call.etag;
		if (removal->is_why || removal->is_below)
			removal->version = removal->call.version;
		remove_it(removal, now);
	}
}

/* Without a condition: what is there by now says whether it is ours. */
static void look(void *arg)
{
	struct removal *removal = arg;
	const struct s3_object what = { .bucket = removal->copy->bucket,
					.key = removal->key,
					.version = removal->is_why ||
						   removal->is_below ? STR_NONE :
						   removal->version };

	if (removal->reads)
		s3_get(removal->work.aws, begin(removal, on_seen), &what);
	else
		s3_head(removal->work.aws, begin(removal, on_seen), &what);
}

void removal_start(struct removal *removal)
{
	removal->key = removal->copy->key;
	removal->version = record_is_version(removal->copy->version) ?
			removal->copy->version : STR_NONE;
	if (!record_copy_is_known(removal->copy))
		keep(removal, "is not known to be ours, because the ledger does "
			   "not have its ETag");
	else if (removal->is_shared)
		leave_copy(removal);
	else
		look(removal);
}

void removal_cancel(struct removal *removal)
{
	aws_call_free(&removal->call.aws);
	loop_timer_stop(&removal->timer);
}
