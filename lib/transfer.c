/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer.h"

#include <string.h>

#include "s3_part.h"

static struct s3_call *next_call(struct transfer *t, void (*done)(void *arg))
{
	memset(&t->call, 0, sizeof(t->call));
	t->call.options = t->options;
	aws_call_for(&t->call.aws, t->record, t->arena);
	t->call.aws.done = done;
	t->call.aws.arg = t;
	return &t->call;
}

static struct err end_call(struct transfer *t)
{
	struct err err = t->call.aws.err;

	aws_call_free(&t->call.aws);
	return err;
}

static void finish(struct transfer *t, const struct err *err)
{
	t->err = *err;
	t->done(t->arg);
}

static void succeed(struct transfer *t)
{
	const struct err none = { .code = "" };

	finish(t, &none);
}

static struct s3_object target_of(const struct transfer *t)
{
	return (struct s3_object){ .bucket = t->to.bucket, .key = t->to.key };
}

/* What has arrived */

static void on_undone(void *arg)
{
	struct transfer *t = arg;
	struct err err = end_call(t);

	if (err_is_set(&err)) {
		t->is_gone = false;
		t->err = err;
	}
	t->done(t->arg);
}

/* The copy is of something that nobody has checked. */
static void undo(struct transfer *t)
{
	struct s3_object copy = target_of(t);

	copy.etag = t->etag;
	s3_delete(t->aws, next_call(t, on_undone), &copy);
}

static void find_different(struct transfer *t, const char *what)
{
	err_set(&t->err, "CopyDiffers", "the copy has another %s", what);
	t->err.retry = true;
	undo(t);
}

static bool same_checksum(const struct transfer *t)
{
	return t->checksum == CHECKSUM_NONE || t->checksum != t->call.checksum ||
	       str_eq(t->checksum_value, t->call.checksum_value);
}

static void on_target_seen(void *arg)
{
	struct transfer *t = arg;
	struct err err = end_call(t);
	unsigned long long size = t->product ? t->product->slice.size : t->size;

	if (t->was_lost && (s3_is_gone(&err) ||
			    !str_eq(t->call.record_id, t->record->id))) {
		finish(t, &t->multipart.err);
		return;
	}
	if (s3_is_gone(&err)) {
		err_set(&err, "CopyMissing", "what was written is not there");
		err.retry = true;
	}
	if (err_is_set(&err)) {
		finish(t, &err);
		return;
	}
	t->etag = t->call.etag;
	if (t->call.has_size && t->call.size != size)
		find_different(t, "size");
	else if (!same_checksum(t))
		find_different(t, "checksum");
	else
		succeed(t);
}

static void look_at_target(struct transfer *t)
{
	struct s3_object target = target_of(t);

	s3_head(t->aws, next_call(t, on_target_seen), &target);
}

static void keep_source(struct transfer *t)
{
	t->checksum = t->call.checksum;
	t->checksum_value = t->call.checksum_value;
	if (t->call.has_size)
		t->size = t->call.size;
}

/* Whatever the server makes of conditions. */
static bool is_pinned(const struct transfer *t)
{
	return record_is_version(t->from.version);
}

/*
 * Where the condition held, the source may have been overwritten since.  Where
 * it may have been ignored, its successor may have been copied.
 */
static void on_source_seen_again(void *arg)
{
	struct transfer *t = arg;
	struct err err = end_call(t);

	if (s3_is_gone(&err) && t->doubtful && !is_pinned(t)) {
		t->is_gone = true;
		err_set(&t->err, "PreconditionFailed",
			"overwritten while it was copied");
		undo(t);
	} else if (err_is_set(&err) && !s3_is_gone(&err)) {
		finish(t, &err);
	} else {
		if (!err_is_set(&err))
			keep_source(t);
		look_at_target(t);
	}
}

static bool has_same_etag(const struct transfer *t)
{
	struct str a = t->from.etag, b = t->etag;

	return a.n > 0 && str_eq_nocase(a, b);
}

/* Another ETag alone proves nothing: encryption and parts give others. */
static void check_copy(struct transfer *t)
{
	if (has_same_etag(t))
		succeed(t);
	else if (t->seen_source && (!t->doubtful || is_pinned(t)))
		look_at_target(t);
	else
		s3_head(t->aws, next_call(t, on_source_seen_again), &t->from);
}

/* In one request */

static void on_written(void *arg)
{
	struct transfer *t = arg;
	struct err err = end_call(t);

	t->etag = t->call.etag;
	t->is_taken = t->call.is_taken;
	if (err_is_set(&err) || t->product)
		finish(t, &err);
	else
		check_copy(t);
}

/* In parts */

/*
 * The answer to the first request that completed it was lost; it is our own
 * upload if what is there bears our id.
 */
static void on_parts_written(void *arg)
{
	struct transfer *t = arg;
	struct multipart *m = &t->multipart;

	t->etag = m->etag;
	t->is_taken = m->is_taken;
	t->was_lost = strcmp(m->err.code, "NoSuchUpload") == 0;
	m->err.retry = m->err.retry || t->was_lost;
	if (err_is_set(&m->err) && !t->was_lost)
		finish(t, &m->err);
	else if (t->product || t->was_lost)
		look_at_target(t);
	else
		check_copy(t);
}

static void start_parts(struct transfer *t)
{
	struct multipart *m = &t->multipart;

	memset(m, 0, sizeof(*m));
	m->aws = t->aws;
	m->arena = t->arena;
	m->record = t->record;
	m->options = t->options;
	m->from = t->from;
	m->slice = t->product ? &t->product->slice : NULL;
	m->size = t->product ? t->product->slice.size : t->size;
	m->part_size = multipart_part_size(m->size, t->part_size);
	m->to = t->to;
	m->content = t->content;
	m->overwrite = t->overwrite;
	m->done = on_parts_written;
	m->arg = t;
	multipart_start(m);
}

static void start_copying_parts(struct transfer *t)
{
	t->content = (struct s3_content){ .headers = t->carry.headers,
					  .n_headers = t->carry.n };
	start_parts(t);
}

/* A server without tags has none to carry. */
static bool knows_no_tags(const struct err *err)
{
	return strcmp(err->code, "NoSuchTagSet") == 0 ||
	       strcmp(err->code, "NotImplemented") == 0;
}

static void on_tags(void *arg)
{
	struct transfer *t = arg;
	struct err err = t->call.aws.err;

	if (!err_is_set(&err))
		carry_tags(&t->carry, buf_str(&t->call.aws.http.body_in),
			   t->arena, &err);
	else if (knows_no_tags(&err))
		err.code[0] = '\0';
	end_call(t);
	if (err_is_set(&err))
		finish(t, &err);
	else
		start_copying_parts(t);
}

static void on_source_seen(void *arg)
{
	struct transfer *t = arg;
	struct err err = t->call.aws.err;

	if (!err_is_set(&err))
		carry_head(&t->carry, &t->call.aws.http, t->record->id,
			   t->arena, &err);
	end_call(t);
	if (err_is_set(&err)) {
		finish(t, &err);
		return;
	}
	keep_source(t);
	t->seen_source = true;
	if (t->options->no_tags)
		start_copying_parts(t);
	else
		s3_get_object_tagging(t->aws, next_call(t, on_tags), &t->from);
}

void transfer_start(struct transfer *t)
{
	memset(&t->multipart, 0, sizeof(t->multipart));
	t->is_taken = t->is_gone = t->seen_source = t->was_lost = false;
	t->etag = STR_NONE;
	t->checksum = CHECKSUM_NONE;
	t->part_size = t->options->part_size;
	if (t->part_size == 0)
		t->part_size = TRANSFER_PART_SIZE;
	if (t->product) {
		t->content = product_content(t->product);
		if (t->product->slice.size > t->part_size)
			start_parts(t);
		else
			s3_put(t->aws, next_call(t, on_written), &t->to,
			       &t->content, t->overwrite);
	} else if (t->size > t->part_size) {
		s3_head(t->aws, next_call(t, on_source_seen), &t->from);
	} else {
		s3_copy(t->aws, next_call(t, on_written), &t->from, &t->to,
			t->overwrite);
	}
}

void transfer_cancel(struct transfer *t)
{
	aws_call_free(&t->call.aws);
	multipart_cancel(&t->multipart);
}
