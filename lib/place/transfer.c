/* SPDX-License-Identifier: Apache-2.0 */
#include "place/transfer.h"

#include <string.h>

#include "base/arena.h"
#include "hash/etag.h"
#include "s3/s3_part.h"

static void step(struct transfer *t);

static void go(struct transfer *t, enum transfer_state state)
{
	t->state = state;
	step(t);
}

static void end(struct transfer *t, const struct err *err)
{
	t->err = *err;
	go(t, TRANSFER_END);
}

static void succeed(struct transfer *t)
{
	const struct err none = { .code = "" };

	end(t, &none);
}

/* A version id pins the source even where the server ignores conditions. */
static bool is_pinned(const struct transfer *t)
{
	return record_is_version(t->from.version);
}

static void keep_source(struct transfer *t)
{
	t->checksum = t->call.checksum;
	t->checksum_value = t->call.checksum_value;
	if (t->call.has_size)
		t->size = t->call.size;
}

static bool is_in_parts(const struct transfer *t)
{
	unsigned long long max = t->through && !t->output ? PIECE_SIZE :
							    t->part_size;

	return (t->in_parts && !t->output && t->size > 0) ||
	       (t->output ? t->output->slice.size : t->size) > max;
}

static enum transfer_state first_state(const struct transfer *t)
{
	if (t->output)
		return is_in_parts(t) ? TRANSFER_PARTS : TRANSFER_PUT;
	if (is_in_parts(t))
		return TRANSFER_HEAD;
	return t->through || t->in_parts ? TRANSFER_READ : TRANSFER_COPY;
}

bool transfer_left_annotations(const struct transfer *t)
{
	return !t->output && (t->through || is_in_parts(t));
}

/* Before parts, and before what goes through us: what they do not inherit */

static void write_with_metadata(struct transfer *t)
{
	t->content = (struct s3_content){ .headers = t->metadata.headers,
					  .n_headers = t->metadata.n };
	if (is_in_parts(t)) {
		go(t, TRANSFER_PARTS);
		return;
	}
	t->content.bytes = buf_str(&t->piece.bytes);
	go(t, TRANSFER_PUT);
}

static void ask_for_tags(struct transfer *t)
{
	if (t->work.options->no_tags)
		write_with_metadata(t);
	else
		go(t, TRANSFER_TAGS);
}

/* An object that is smaller than the record said goes in one, from its start. */
static void seen_head(struct transfer *t)
{
	struct err err = t->call.aws.err;

	if (!err_is_set(&err))
		metadata_head(&t->metadata, &t->call.aws.http,
			      t->work.record->id, t->work.arena, &err);
	s3_end(&t->call);
	if (err_is_set(&err)) {
		end(t, &err);
		return;
	}
	keep_source(t);
	t->seen_source = true;
	if (is_in_parts(t))
		ask_for_tags(t);
	else
		go(t, first_state(t));
}

static void on_read(void *arg)
{
	struct transfer *t = arg;
	struct err err = t->piece.err;

	if (!err_is_set(&err))
		metadata_head(&t->metadata, &t->piece.call.aws.http,
			      t->work.record->id, t->work.arena, &err);
	if (err_is_set(&err))
		end(t, &err);
	else
		ask_for_tags(t);
}

static void read_source(struct transfer *t)
{
	t->piece = (struct piece){
		.work = t->work, .pieces = t->pieces, .from = t->from,
		.size = t->size, .is_whole = true, .done = on_read, .arg = t,
	};
	piece_start(&t->piece);
}

/* A server without tags has none to carry. */
static bool knows_no_tags(const struct err *err)
{
	return err_is(err, "NoSuchTagSet") || err_is(err, "NotImplemented") ||
	       err->status == 501;
}

static void seen_tags(struct transfer *t)
{
	struct err err = t->call.aws.err;

	if (!err_is_set(&err))
		metadata_tags(&t->metadata, buf_str(&t->call.aws.http.body_in),
			      t->work.arena, &err);
	else if (knows_no_tags(&err))
		err.code[0] = '\0';
	s3_end(&t->call);
	if (err_is_set(&err))
		end(t, &err);
	else
		write_with_metadata(t);
}

/* After the write: has it arrived, and is it the right one? */

static void fail_missing(struct transfer *t)
{
	struct err err;

	err_set(&err, "CopyMissing", "what was written is not there");
	err.retry = true;
	end(t, &err);
}

/* What has another ETag than we were told is not ours to delete. */
static void find_different(struct transfer *t, const char *what)
{
	if (!record_is_version(t->version) &&
	    etag_differs(t->etag, t->call.etag)) {
		fail_missing(t);
		return;
	}
	t->etag = t->call.etag;
	err_set(&t->err, "CopyDiffers", "the copy has another %s", what);
	t->err.retry = true;
	go(t, TRANSFER_UNDO);
}

static bool has_source_etag(const struct transfer *t)
{
	return etag_same(t->from.etag, t->etag);
}

/* Was the condition the time of the source, and not its ETag? */
static bool is_timed(const struct transfer *t)
{
	return s3_has_time_condition(t->to_work.aws, t->to_work.options,
				     &t->from);
}

/* May another object have been copied that has the same ETag? */
static bool has_lookalikes(const struct transfer *t)
{
	return !is_pinned(t) && t->from.read.modified > 0 &&
	       !t->to_work.options->no_modified && !is_timed(t);
}

/* Another ETag alone proves nothing: encryption and parts give others. */
static void check_copy(struct transfer *t)
{
	bool is_known = t->seen_source && !t->doubtful && !is_timed(t) &&
			!has_lookalikes(t);

	if (t->state == TRANSFER_COPY && !is_pinned(t) &&
	    s3_has_other_checksum(&t->call, &t->from.read))
		find_different(t, "checksum");
	else if (has_source_etag(t) && !has_lookalikes(t))
		succeed(t);
	else if (is_known || (t->seen_source && is_pinned(t)))
		go(t, TRANSFER_TARGET);
	else
		go(t, TRANSFER_SOURCE);
}

/* What was there when it was copied?  What is there now has an event of its own. */
static void undo_gone(struct transfer *t, struct str now)
{
	t->is_gone = true;
	t->now = now;
	err_set(&t->err, "PreconditionFailed",
		"overwritten while it was copied");
	go(t, TRANSFER_UNDO);
}

/* It may be the same again, or only have got a tag: read it again, then. */
static void undo_rewritten(struct transfer *t)
{
	err_set(&t->err, "WrittenAgain", "written again while it was copied, "
		"with the same ETag: it has to be read again");
	t->err.retry = true;
	go(t, TRANSFER_UNDO);
}

/*
 * Where the condition held, the source may have been overwritten since.  Where
 * it may have been ignored, its successor may have been copied.  Of what has
 * the time of the condition or an earlier one, only the ETag tells.
 */
static bool may_be_of_another(const struct transfer *t)
{
	return !is_pinned(t) &&
	       (t->doubtful || has_lookalikes(t) ||
		(is_timed(t) && t->call.modified <= t->from.read.modified));
}

static void seen_source(struct transfer *t, const struct err *err,
			bool is_absent)
{
	bool has_other_etag = !err_is_set(err) &&
			      etag_differs(t->from.etag, t->call.etag);
	bool is_other = has_other_etag || (!err_is_set(err) && !is_pinned(t) &&
			s3_is_rewritten(&t->call, &t->from.read));

	if (is_absent && t->doubtful && !is_pinned(t)) {
		undo_gone(t, STR("deleted"));
	} else if (has_other_etag && may_be_of_another(t)) {
		undo_gone(t, t->call.etag);
	} else if (is_other && may_be_of_another(t)) {
		undo_rewritten(t);
	} else if (err_is_set(err) && !is_absent) {
		end(t, err);
	} else if (!err_is_set(err) && !is_other) {
		keep_source(t);
		if (has_source_etag(t))
			succeed(t);
		else
			go(t, TRANSFER_TARGET);
	} else {
		go(t, TRANSFER_TARGET);
	}
}

static bool same_checksum(const struct transfer *t)
{
	return t->checksum == CHECKSUM_NONE || t->checksum != t->call.checksum ||
	       str_eq(t->checksum_value, t->call.checksum_value);
}

/*
 * The answer to the first request that completed an upload may have been lost.
 * It is ours if what is there has the mark of our upload.
 */
static bool is_not_ours(const struct transfer *t, const struct err *err)
{
	return t->was_lost &&
	       (err_is_set(err) ||
		!str_is(t->call.upload_mark, transfer_mark(t)));
}

/* What was put, and not acknowledged as it should be: is it there? */
static int is_proved(const struct transfer *t, struct err *err)
{
	if (multipart_is_claim(&t->call))
		return 0;
	if (t->output)
		return derived_is(t->output, &t->call, err);
	return etag_same(t->from.etag, t->call.etag) ||
	       str_eq(t->call.record_id, t->work.record->id);
}

static void seen_target(struct transfer *t, struct err *err)
{
	unsigned long long size = t->output ? t->output->slice.size : t->size;
	bool was_put = !is_in_parts(t) && (t->output || t->through);

	if (is_not_ours(t, err)) {
		end(t, &t->multipart->err);
		return;
	}
	if (s3_may_be_gone(err) || (!err_is_set(err) && was_put &&
				    is_proved(t, err) <= 0)) {
		fail_missing(t);
	} else if (err_is_set(err)) {
		end(t, err);
	} else if (t->call.has_size && t->call.size != size) {
		find_different(t, "size");
	} else if (!same_checksum(t)) {
		find_different(t, "checksum");
	} else {
		t->etag = t->call.etag;
		succeed(t);
	}
}

/* err says why the copy had to go, unless that it is still there is worse. */
static void seen_undone(struct transfer *t, const struct err *err)
{
	if (err_is_set(err)) {
		t->is_gone = false;
		t->err = *err;
	}
	go(t, TRANSFER_END);
}

/* The write */

static void written(struct transfer *t, const struct err *err)
{
	t->etag = t->call.etag;
	t->version = t->call.version;
	t->is_taken = t->call.is_taken;
	if (err_is_set(err))
		end(t, err);
	else if (t->state == TRANSFER_COPY)
		check_copy(t);
	else if (t->call.is_unproved)
		go(t, TRANSFER_TARGET);
	else
		succeed(t);
}

static void on_parts_written(void *arg)
{
	struct transfer *t = arg;
	struct multipart *m = t->multipart;

	t->etag = m->etag;
	t->version = m->version;
	t->is_taken = m->is_taken;
	t->was_lost = err_is(&m->err, "NoSuchUpload");
	m->err.retry = m->err.retry || t->was_lost;
	if (err_is_set(&m->err) && !t->was_lost)
		end(t, &m->err);
	else if (t->output || t->through || t->was_lost)
		go(t, TRANSFER_TARGET);
	else
		check_copy(t);
}

/* Parts in memory are as small as their number allows. */
static unsigned long long part_size(const struct transfer *t,
				    unsigned long long size)
{
	return multipart_part_size(size, t->through && !t->output ?
				   PIECE_SIZE : t->part_size);
}

static void write_parts(struct transfer *t)
{
	unsigned long long size = t->output ? t->output->slice.size : t->size;
	bool in_memory = t->through && !t->output;
	struct multipart *m = arena_alloc(t->work.arena, sizeof(*m));
	struct err err;

	if (!m) {
		err_memory(&err);
		end(t, &err);
		return;
	}
	*m = (struct multipart){
		.work = t->to_work, .source = t->work,
		.pieces = in_memory ? t->pieces : NULL,
		.claims = t->claims, .from = t->from,
		.slice = t->output ? &t->output->slice : NULL,
		.size = size, .part_size = part_size(t, size),
		.to = t->to, .content = t->content,
		.overwrite = t->overwrite,
		.done = on_parts_written, .arg = t,
	};
	if (in_memory && m->part_size > PIECE_SIZE_MAX) {
		err_set(&err, "EntityTooLarge", "%llu bytes are too many to "
			"copy through memory, where the server does not copy",
			size);
		end(t, &err);
		return;
	}
	t->multipart = m;
	multipart_start(m);
}

static void on_answer(void *arg)
{
	struct transfer *t = arg;
	bool is_absent = s3_is_absent(&t->call);
	struct err err = t->call.aws.err;

	/* These two read more of the answer than its error. */
	if (t->state == TRANSFER_HEAD) {
		seen_head(t);
		return;
	}
	if (t->state == TRANSFER_TAGS) {
		seen_tags(t);
		return;
	}
	if (t->state == TRANSFER_SOURCE && !err_is_set(&err))
		s3_prove_answer(&t->call, t->from.etag, &err);
	s3_end(&t->call);
	if (t->state == TRANSFER_SOURCE)
		seen_source(t, &err, is_absent);
	else if (t->state == TRANSFER_TARGET)
		seen_target(t, &err);
	else if (t->state == TRANSFER_UNDO)
		seen_undone(t, &err);
	else
		written(t, &err);
}

static void step(struct transfer *t)
{
	struct aws *at_source = t->work.aws, *at_target = t->to_work.aws;
	struct s3_object target = { .bucket = t->to.bucket, .key = t->to.key };
	struct s3_object source = t->from;

	switch (t->state) {
	case TRANSFER_HEAD:
		s3_head(at_source, s3_begin(&t->work, &t->call, on_answer, t),
			&source);
		break;
	case TRANSFER_READ:
		read_source(t);
		break;
	case TRANSFER_TAGS:
		s3_get_object_tagging(at_source,
				      s3_begin(&t->work, &t->call, on_answer,
					       t), &source);
		break;
	case TRANSFER_COPY:
		s3_copy(at_target,
			s3_begin(&t->to_work, &t->call, on_answer, t),
			&source, &t->to, t->overwrite);
		break;
	case TRANSFER_PUT:
		s3_put(at_target,
		       s3_begin(&t->to_work, &t->call, on_answer, t), &t->to,
		       &t->content, t->overwrite);
		break;
	case TRANSFER_PARTS:
		write_parts(t);
		break;
	/* Without a condition: that it is another one is what we want to see. */
	case TRANSFER_SOURCE:
		source.etag = STR_NONE;
		source.read = (struct record_marks){ .modified = 0 };
		s3_head(at_source, s3_begin(&t->work, &t->call, on_answer, t),
			&source);
		break;
	case TRANSFER_TARGET:
		/* Whatever has been written over it since: is ours there? */
		if (t->was_lost && record_is_version(t->version))
			target.version = t->version;
		s3_head(at_target,
			s3_begin(&t->to_work, &t->call, on_answer, t),
			&target);
		break;
	case TRANSFER_UNDO:
		target.etag = t->etag;
		if (record_is_version(t->version))
			target.version = t->version;
		s3_delete(at_target,
			  s3_begin(&t->to_work, &t->call, on_answer, t),
			  &target);
		break;
	case TRANSFER_END:
		if (t->piece.pieces)
			piece_free(&t->piece);
		t->done(t->arg);
		break;
	}
}

void transfer_start(struct transfer *t)
{
	t->part_size = t->work.options->part_size;
	if (t->part_size == 0)
		t->part_size = TRANSFER_PART_SIZE;
	if (t->output)
		t->content = derived_content(t->output);
	go(t, first_state(t));
}

const char *transfer_mark(const struct transfer *t)
{
	return t->multipart ? t->multipart->mark : "";
}

void transfer_cancel(struct transfer *t)
{
	aws_call_free(&t->call.aws);
	if (t->piece.pieces)
		piece_free(&t->piece);
	if (t->multipart)
		multipart_cancel(t->multipart);
}
