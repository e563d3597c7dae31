/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/s3_look.h"

#include "config/config_endpoint.h"
#include "format/uri.h"
#include "hash/etag.h"

static void finish(struct s3_look *look, enum s3_sight sight, struct str now)
{
	look->sight = sight;
	look->now = now;
	look->done(look->arg);
}

/* Other spellings */

/* A key of S3 is UTF-8. */
static void add_spelling(struct s3_look *look, struct str key)
{
	if (key.n > 0 && key.n <= RECORD_KEY_MAX && str_is_utf8(key) &&
	    !str_eq(key, look->work.record->key))
		look->spellings[look->n_spellings++] = key;
}

/* -1 if memory is out: then nobody knows whether it is there. */
static int find_spellings(struct s3_look *look)
{
	struct str key = look->work.record->key;
	char *decoded = arena_alloc(look->work.arena, key.n + 1);

	if (!decoded)
		return err_memory(&look->err);
	look->n_spellings = look->at = 0;
	add_spelling(look, look->work.record->spelled);
	/* What the key would be, had it been encoded as a form. */
	add_spelling(look, (struct str){ decoded,
					 uri_decode_form(decoded, key) });
	return 0;
}

static void look_at_spelling(struct s3_look *look);

/* Does S3 say that no object can have such a name? */
static bool is_no_name(const struct err *err)
{
	return err_is(err, "InvalidObjectName") || err_is(err, "InvalidURI") ||
	       err_is(err, "KeyTooLongError");
}

static void on_spelling_seen(void *arg)
{
	struct s3_look *look = arg;
	bool is_absent = s3_is_absent(&look->call);
	struct err err = s3_end(&look->call);
	struct str spelling = look->spellings[look->at++];
	bool is_raw = str_eq(spelling, look->work.record->spelled);

	if (is_absent || is_no_name(&err)) {
		look_at_spelling(look);
		return;
	}
	if (err_is_set(&err)) {
		look->err = err;
		finish(look, S3_SIGHT_UNKNOWN, STR_NONE);
		return;
	}
	err_set(&look->err, "OtherSpelling",
		"not there, but %.*s is: the sender of the event does not "
		"encode keys as AWS does; see s3ev-split --keys %s",
		STR_FMT(spelling), is_raw ? "raw" : "form");
	finish(look, S3_SIGHT_UNKNOWN, STR_NONE);
}

static void look_at_spelling(struct s3_look *look)
{
	struct s3_object object = { .bucket = look->work.record->bucket };

	if (look->at == look->n_spellings) {
		finish(look, S3_SIGHT_GONE, STR("deleted"));
		return;
	}
	object.key = look->spellings[look->at];
	s3_head(look->work.aws, s3_begin(&look->work, &look->call,
					 on_spelling_seen, look), &object);
}

/* The object itself */

/* Nobody can overwrite a version. */
static bool is_same_version(const struct s3_look *look)
{
	const struct record *r = look->work.record;

	return record_is_version(r->version) &&
	       str_eq(r->version, look->call.version);
}

/*
 * It may have been put again, with the same content or another that has the same
 * ETag, or only have got a tag (RGW): it is there, but has to be read again.
 */
static bool is_rewritten(const struct s3_look *look)
{
	return etag_same(look->etag, look->call.etag) &&
	       !record_is_version(look->work.record->version) &&
	       s3_is_rewritten(&look->call, &look->read);
}

/* Does only the size tell it from another? */
static bool is_nameless(const struct s3_look *look)
{
	return !look->etag.p && !record_is_version(look->work.record->version);
}

static bool has_other_size(const struct s3_look *look)
{
	const struct record *r = look->work.record;
	const struct s3_call *seen = &look->call;

	return r->has_size && seen->has_size && r->size != seen->size;
}

/* Servers other than AWS's may announce a wrong size. */
static bool is_size_true(const struct s3_look *look)
{
	const struct record *r = look->work.record;

	return !config_endpoint_is_custom(aws_config(look->work.aws),
					  CONFIG_S3) &&
	       (!r->source.p || str_is(r->source, "aws:s3"));
}

/* It is there, and nothing says that it is another one. */
static void see_nameless(struct s3_look *look)
{
	if (has_other_size(look)) {
		err_set(&look->err, "SizeDiffers", "it is there, and has %llu "
			"bytes, not the %llu that were announced, without an "
			"ETag: whether it is the same object is not known",
			look->call.size, look->work.record->size);
	} else {
		err_set(&look->err, "OddServer", "it is there, although the "
			"server has just answered as if it were not, or were "
			"another; neither ETag nor version was announced");
		look->err.retry = true;
	}
	finish(look, S3_SIGHT_UNKNOWN, look->call.etag);
}

static void see(struct s3_look *look)
{
	struct str now = look->call.etag;

	if (is_nameless(look) &&
	    !(has_other_size(look) && is_size_true(look))) {
		see_nameless(look);
		return;
	}
	if (is_rewritten(look)) {
		err_set(&look->err, "WrittenAgain",
			"since it was read it was written again, with the same "
			"ETag: it has to be read again (where tags change "
			"Last-Modified: --no-modified)");
		look->err.retry = true;
		finish(look, S3_SIGHT_UNKNOWN, now);
		return;
	}
	if (etag_same(look->etag, now)) {
		err_set(&look->err, "OddServer",
			"the server refuses a condition that holds: the "
			"object has the ETag %.*s", STR_FMT(now));
	} else if (now.n == 0) {
		err_set(&look->err, "OddServer", "the server shows no ETag");
	} else if (etag_is_altered(look->etag, now) ||
		   is_same_version(look)) {
		err_set(&look->err, "OddServer",
			"the server shows the ETag %.*s for what was "
			"announced with %.*s; a proxy may change it",
			STR_FMT(now), STR_FMT(look->etag));
	} else {
		err_set(&look->err, "PreconditionFailed", "overwritten since");
		finish(look, S3_SIGHT_OTHER, now);
		return;
	}
	look->err.retry = true;
	finish(look, S3_SIGHT_SAME, now);
}

static void on_seen(void *arg)
{
	struct s3_look *look = arg;
	bool is_absent = s3_is_absent(&look->call);
	struct err err = look->call.aws.err;

	if (!err_is_set(&err))
		s3_prove_answer(&look->call, look->etag, &err);
	s3_end(&look->call);
	if (!err_is_set(&err)) {
		see(look);
		return;
	}
	look->err = err;
	if (is_absent && find_spellings(look) == 0)
		look_at_spelling(look);
	else
		finish(look, S3_SIGHT_UNKNOWN, STR_NONE);
}

void s3_look_start(struct s3_look *look)
{
	const struct record *r = look->work.record;
	const struct s3_object object = { .bucket = r->bucket, .key = r->key,
					  .version = r->version };
	struct s3_call *call = s3_begin(&look->work, &look->call, on_seen,
					look);

	call->wants_reason = true;
	s3_head(look->work.aws, call, &object);
}

void s3_look_cancel(struct s3_look *look)
{
	aws_call_free(&look->call.aws);
}
