/* SPDX-License-Identifier: Apache-2.0 */
#include "place.h"

#include <string.h>

#include "template.h"

enum { REFUSED_MAX = 6 };

int place_policy(const char *name, enum place_policy *policy)
{
	static const char *const names[] = {
		[PLACE_KEEP_BOTH] = "keep-both", [PLACE_FAIL] = "fail",
		[PLACE_REPLACE] = "replace",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(name, names[i]) == 0) {
			*policy = (enum place_policy)i;
			return 0;
		}
	}
	return -1;
}

static struct s3_object source_of(const struct place *p)
{
	const struct record *r = p->record;

	return (struct s3_object){ r->bucket, r->key, r->version,
				   p->source_etag };
}

static struct s3_object target_of(const struct place *p)
{
	return (struct s3_object){ .bucket = p->bucket, .key = p->key };
}

static void finish(struct place *p, enum record_outcome outcome)
{
	product_close(&p->product);
	claim_release(p->claims, &p->claim);
	p->outcome = outcome;
	p->done(p->arg);
}

static void fail(struct place *p, const struct err *err)
{
	p->err = *err;
	finish(p, RECORD_FAILED);
}

/* One call after the other, each with its own end. */
static struct s3_call *next_call(struct place *p, void (*done)(void *arg))
{
	memset(&p->call, 0, sizeof(p->call));
	p->call.options = p->options;
	aws_call_for(&p->call.aws, p->record, p->arena);
	p->call.aws.done = done;
	p->call.aws.arg = p;
	return &p->call;
}

/* Take over what the call found out, and free the rest. */
static struct err end_call(struct place *p)
{
	struct err err = p->call.aws.err;

	aws_call_free(&p->call.aws);
	return err;
}

static void look_at_target(struct place *p);
static void look_at_source(struct place *p, void (*done)(void *arg));
static void on_source_seen(void *arg);
static void on_source_seen_refused(void *arg);
static void write_target(struct place *p);

static bool same_etag(struct str a, struct str b)
{
	return a.n > 0 && str_eq_nocase(a, b);
}

/* The source's checksum may still tell what ETags do not. */
static bool may_ask_source(const struct place *p)
{
	return !p->seen_source && p->call.checksum != CHECKSUM_NONE;
}

/*
 * The same checksum, or where the two cannot be compared the id of the record
 * in the metadata, where what was written in parts has it.
 */
static bool same_checksum(const struct place *p)
{
	if (p->source_checksum != CHECKSUM_NONE &&
	    p->source_checksum == p->call.checksum)
		return str_eq(p->source_checksum_value,
			      p->call.checksum_value);
	return !may_ask_source(p) && str_eq(p->call.record_id, p->record->id);
}

static bool same_size(const struct place *p)
{
	const struct record *r = p->record;

	return !r->has_size || !p->call.has_size || r->size == p->call.size;
}

/* Is the second name made of more than bucket and key? */
static bool has_own_name(const struct place *p)
{
	const struct record *r = p->record;

	return record_is_version(r->version) || r->sequencer.n > 0 ||
	       r->etag.n > 0;
}

/* Is what the last call looked at what we are to place?  1, 0, or -1. */
static int is_same(const struct place *p, struct err *err)
{
	if (product_exists(p->record))
		return product_is(&p->product, &p->call, err);
	return same_size(p) && ((p->is_second && has_own_name(p)) ||
				same_etag(p->source_etag, p->call.etag) ||
				same_checksum(p));
}

static bool may_be_same(const struct place *p)
{
	return !product_exists(p->record) && same_size(p) && may_ask_source(p);
}

static void keep_source(struct place *p)
{
	p->seen_source = true;
	if (p->call.etag.n > 0)
		p->source_etag = p->call.etag;
	if (p->call.has_size)
		p->size = p->call.size;
	p->source_checksum = p->call.checksum;
	p->source_checksum_value = p->call.checksum_value;
}

static void finish_gone(struct place *p, const char *how)
{
	err_set(&p->err, "PreconditionFailed", "%s", how);
	finish(p, RECORD_GONE);
}

static bool is_current(const struct place *p)
{
	struct str version = p->call.version.p ? p->call.version : STR("null");

	return (!p->record->version.p || str_eq(version, p->record->version)) &&
	       (!p->source_etag.p || same_etag(p->source_etag, p->call.etag));
}

/*
 * The source is another one by now: its event will come, or has, and this
 * version must not take its place.
 */
static void on_current_seen(void *arg)
{
	struct place *p = arg;
	struct err err = end_call(p);

	if (s3_is_gone(&err) || (!err_is_set(&err) && !is_current(p)))
		finish_gone(p, "overwritten since, so it replaces nothing");
	else if (err_is_set(&err))
		fail(p, &err);
	else
		write_target(p);
}

/*
 * The ETag of what is there is known before the source is looked at, and is a
 * condition of the write: whoever has placed a successor meanwhile wins.  The
 * copy of what has no version is pinned itself.
 */
static void replace(struct place *p)
{
	struct s3_object current = { .bucket = p->record->bucket,
				     .key = p->record->key };

	p->replaces = p->call.etag;
	if (p->record->version.p || product_exists(p->record))
		s3_head(p->aws, next_call(p, on_current_seen), &current);
	else
		write_target(p);
}

static void take_second_name(struct place *p)
{
	struct buf key;
	struct err err;

	buf_init(&key, RECORD_KEY_MAX);
	template_second(&key, p->key, p->record);
	p->key = arena_dup(p->arena, buf_str(&key));
	p->is_second = true;
	buf_free(&key);
	if (!p->key.p) {
		err_set(&err, "OutOfMemory", "out of memory");
		fail(p, &err);
	} else if (p->looks) {
		look_at_target(p);
	} else {
		write_target(p);
	}
}

/* Something else is there. */
static void collide(struct place *p)
{
	struct err err;

	if (p->policy == PLACE_REPLACE) {
		replace(p);
	} else if (p->policy == PLACE_KEEP_BOTH && !p->is_second) {
		take_second_name(p);
	} else {
		err_set(&err, p->is_second ? "Collision" : "DestinationExists",
			"%.*s/%.*s%s", STR_FMT(p->bucket), STR_FMT(p->key),
			p->is_second ? " and its second name are both taken" :
				       " is taken by something else");
		fail(p, &err);
	}
}

/* Something is there.  Is it what we were to place? */
static void compare(struct place *p)
{
	struct err err;
	int same = is_same(p, &err);

	if (same < 0) {
		fail(p, &err);
	} else if (same) {
		p->already = true;
		p->etag = p->call.etag;
		finish(p, RECORD_GOOD);
	} else if (may_be_same(p)) {
		p->looks_again = true;
		look_at_source(p, on_source_seen);
	} else {
		collide(p);
	}
}

static void on_target_seen(void *arg)
{
	struct place *p = arg;
	struct err err = end_call(p);

	p->replaces = STR_NONE;
	if (s3_is_gone(&err) && p->refused > 0 && !product_exists(p->record))
		look_at_source(p, on_source_seen_refused);
	else if (s3_is_gone(&err))
		write_target(p);
	else if (err_is_set(&err))
		fail(p, &err);
	else
		compare(p);
}

static void look_at_target(struct place *p)
{
	struct s3_object target = target_of(p);

	s3_head(p->aws, next_call(p, on_target_seen), &target);
}

/* Is what was to be replaced gone, or the source?  Not every server says. */
static void on_source_seen_replacing(void *arg)
{
	struct place *p = arg;
	struct err err = end_call(p);

	if (s3_is_gone(&err))
		finish_gone(p, "overwritten since");
	else if (err_is_set(&err))
		fail(p, &err);
	else
		look_at_target(p);
}

static void on_taken(struct place *p, struct err *err)
{
	if (p->refused++ < REFUSED_MAX) {
		look_at_target(p);
		return;
	}
	if (p->replaces.p)
		err->retry = true;
	fail(p, err);
}

static void on_missing(struct place *p, struct err *err)
{
	if (!p->replaces.p) {
		p->err = *err;
		finish(p, RECORD_GONE);
	} else if (p->refused++ >= REFUSED_MAX) {
		err->retry = true;
		fail(p, err);
	} else if (product_exists(p->record)) {
		look_at_target(p);
	} else {
		look_at_source(p, on_source_seen_replacing);
	}
}

static void on_written(void *arg)
{
	struct place *p = arg;
	struct transfer *transfer = &p->transfer;
	struct err err = transfer->err;

	p->etag = transfer->etag;
	if (!err_is_set(&err))
		finish(p, RECORD_GOOD);
	else if (transfer->is_gone)
		finish_gone(p, err.message);
	else if (transfer->is_taken)
		on_taken(p, &err);
	else if (s3_is_gone(&err))
		on_missing(p, &err);
	else
		fail(p, &err);
}

/* What would be written now, if it were. */
static void write_nothing(struct place *p)
{
	if (p->missed_source)
		finish_gone(p, "not there");
	else
		finish(p, RECORD_GOOD);
}

static void write_target(struct place *p)
{
	struct s3_object target = target_of(p);

	if (p->dry) {
		write_nothing(p);
		return;
	}
	target.etag = p->replaces;
	p->transfer = (struct transfer){
		.aws = p->aws, .arena = p->arena, .record = p->record,
		.options = p->options,
		.product = product_exists(p->record) ? &p->product : NULL,
		.from = source_of(p), .size = p->size, .to = target,
		.overwrite = p->replaces.p ? S3_OVERWRITE : S3_KEEP,
		.doubtful = p->looks, .done = on_written, .arg = p,
	};
	transfer_start(&p->transfer);
}

static void look_at_source(struct place *p, void (*done)(void *arg))
{
	struct s3_object source = source_of(p);

	s3_head(p->aws, next_call(p, done), &source);
}

/*
 * A condition failed, but nothing is at the target: either what was there has
 * gone again, or it was the source's.  Not every server says which.
 */
static void on_source_seen_refused(void *arg)
{
	struct place *p = arg;
	struct err err = end_call(p);

	if (s3_is_gone(&err))
		finish_gone(p, "overwritten since");
	else if (err_is_set(&err))
		fail(p, &err);
	else
		write_target(p);
}

/* A 404 may also be the bucket's; then the copy will say so. */
static void on_source_seen(void *arg)
{
	struct place *p = arg;
	struct err err = end_call(p);

	if (s3_is_gone(&err) && strcmp(err.code, "NotFound") != 0) {
		p->err = err;
		finish(p, RECORD_GONE);
	} else if (err_is_set(&err) && !s3_is_gone(&err)) {
		fail(p, &err);
	} else {
		if (!err_is_set(&err))
			keep_source(p);
		p->seen_source = true;
		p->missed_source = err_is_set(&err);
		if (p->looks || p->looks_again)
			look_at_target(p);
		else
			write_target(p);
	}
}

static void on_failed(void *arg)
{
	struct err err = end_call(arg);

	fail(arg, &err);
}

static void start_product(struct place *p)
{
	struct err err;

	if (product_open(&p->product, p->record, &err) < 0) {
		aws_fail(p->aws, &next_call(p, on_failed)->aws, &err);
	} else if (p->looks) {
		look_at_target(p);
	} else {
		write_target(p);
	}
}

/*
 * What the record does not know of its object has to be looked up: without an
 * ETag (one from a list has none) nothing could tell it from what is at the
 * target, and its size says how it is copied.
 */
static void begin(void *arg)
{
	struct place *p = arg;

	if (product_exists(p->record))
		start_product(p);
	else if (!p->source_etag.p || !p->record->has_size || p->dry ||
		 (p->looks && !record_is_version(p->record->version)))
		look_at_source(p, on_source_seen);
	else if (p->looks)
		look_at_target(p);
	else
		write_target(p);
}

void place_start(struct place *p)
{
	p->looks = p->dry ||
		   config_is_custom_endpoint(aws_config(p->aws), CONFIG_S3);
	p->source_etag = record_etag(p->record);
	p->size = p->record->size;
	p->product.slice.fd = -1;
	p->claim = (struct claim){ .bucket = p->bucket, .key = p->key,
				   .granted = begin, .arg = p };
	claim_take(p->claims, &p->claim);
}

void place_cancel(struct place *p)
{
	aws_call_free(&p->call.aws);
	transfer_cancel(&p->transfer);
	product_close(&p->product);
	claim_release(p->claims, &p->claim);
}
