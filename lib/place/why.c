/* SPDX-License-Identifier: Apache-2.0 */
#include "place/why.h"

#include <string.h>

#include "base/buf.h"
#include "format/iso.h"
#include "format/json_write.h"
#include "http/http_head.h"
#include "place/why_same.h"
#include "record/dest_key.h"
#include "record/record_shown.h"
#include "s3/s3_metadata.h"

enum {
	REFUSED_MAX = 3,
	DOCUMENT_MAX = 2 * RECORD_MAX	/* less than HTTP_BODY_MAX */
};

static void look(struct why *why);
static void put_document(struct why *why, struct str replaced);

static void finish(struct why *why, const struct err *err)
{
	if (err)
		err_set(&why->err, err->code, "%s (writing %.*s/%.*s)",
			err->message, STR_FMT(why->bucket),
			STR_FMT(why->key));
	if (err)
		why->err.retry = err->retry;
	claim_release(why->route->place->claims, &why->claim);
	why->done(why->arg);
}

static void no_memory(struct why *why)
{
	struct err err;

	err_memory(&err);
	finish(why, &err);
}

static struct s3_call *begin(struct why *why, void (*done)(void *arg))
{
	return s3_begin(&why->work, &why->call, done, why);
}

static struct str name_for(const struct record *record, struct str key,
		    struct arena *arena)
{
	struct buf text;

	buf_init(&text, RECORD_KEY_MAX);
	dest_key_why(&text, key, record);
	return arena_take(arena, &text);
}

static void take_second_name(struct why *why)
{
	struct buf second;

	buf_init(&second, RECORD_KEY_MAX);
	dest_key_second(&second, why->route->place->key, why->work.record);
	why->key = second.failed ? STR_NONE :
		   name_for(why->work.record, buf_str(&second), why->work.arena);
	why->is_second = true;
	buf_free(&second);
	if (why->key.p)
		look(why);
	else
		no_memory(why);
}

/* The decision, as the ledger compares them: what a program said besides varies. */
static void digest_decision(struct why *why)
{
	const struct record *r = why->work.record;
	unsigned char sum[DIGEST_SHA256_SIZE];
	struct digest_sha256 sha;

	digest_sha256_init(&sha);
	digest_sha256_update(&sha, r->bad_code.p, r->bad_code.n);
	digest_sha256_update(&sha, "", 1);
	digest_sha256_update(&sha, r->bad_reason.p, r->bad_reason.n);
	digest_sha256_final(&sha, sum);
	digest_hex(why->digest, sum, sizeof(sum));
}

static int make_document(struct why *why)
{
	char written[ISO_SIZE];
	struct buf members, line, document;

	iso_write(written, why->now);
	buf_init(&members, RECORD_MAX);
	buf_init(&line, DOCUMENT_MAX);
	buf_init(&document, DOCUMENT_MAX);
	route_put(&members, why->route);
	json_member(&members, "written", str_of(written));
	record_splice(&line, why->work.record, buf_str(&members));
	record_put_shown(&document, str_trim_end(buf_str(&line), "\n"));
	buf_putc(&document, '\n');
	if (!members.failed && !line.failed && !document.failed)
		why->content.bytes = arena_dup(why->work.arena,
					       buf_str(&document));
	buf_free(&members);
	buf_free(&line);
	buf_free(&document);
	return why->content.bytes.p ? 0 : -1;
}

/* What is there */

/* Does it say that it is an explanation?  So may whoever uploaded it. */
static bool says_why(const struct why *why)
{
	return http_head_value(&why->call.aws.http, S3_METADATA_WHY).n > 0;
}

static void collide(struct why *why)
{
	struct err err;

	if (!why->is_second) {
		take_second_name(why);
		return;
	}
	err_set(&err, "Collision", "both its names are taken");
	finish(why, &err);
}

/* What it says counts, and not what its metadata say of it. */
static void on_read(void *arg)
{
	struct why *why = arg;
	struct str etag = why->call.etag;
	struct err err = why->call.aws.err;
	enum why_same same = WHY_NONE;

	if (!err_is_set(&err))
		same = why_same(buf_str(&why->call.aws.http.body_in),
				why->content.bytes, why->work.arena);
	s3_end(&why->call);
	if (s3_may_be_gone(&err) && why->refused++ < REFUSED_MAX)
		look(why);
	else if (err_is_set(&err))
		finish(why, &err);
	else if (same == WHY_SAME)
		finish(why, NULL);
	else if (same == WHY_OLDER ||
		 (same == WHY_OF_OTHER &&
		  why->route->place->policy == PLACE_REPLACE))
		put_document(why, etag);
	else
		collide(why);
}

static void on_seen(void *arg)
{
	struct why *why = arg;
	struct s3_object there = { .bucket = why->bucket, .key = why->key,
				   .etag = why->call.etag };
	bool reads = says_why(why) && why->call.has_size &&
		     why->call.size <= DOCUMENT_MAX;
	struct err err = s3_end(&why->call);

	if (s3_may_be_gone(&err))
		put_document(why, STR_NONE);
	else if (err_is_set(&err))
		finish(why, &err);
	else if (reads)
		s3_get(why->work.aws, begin(why, on_read), &there);
	else
		collide(why);
}

static void look(struct why *why)
{
	struct s3_object there = { .bucket = why->bucket, .key = why->key };

	s3_head(why->work.aws, begin(why, on_seen), &there);
}

/* A PUT was answered, but not as S3 answers one, and nothing has come of it. */
static void fail_missing(struct why *why)
{
	struct err err;

	err_set(&err, "CopyMissing", "what was written is not there");
	err.retry = true;
	finish(why, &err);
}

static void on_written(void *arg)
{
	struct why *why = arg;
	struct err err = s3_end(&why->call);

	if (!err_is_set(&err) && !why->call.is_unproved)
		finish(why, NULL);
	else if (why->refused++ < REFUSED_MAX &&
		 (!err_is_set(&err) || s3_may_be_gone(&err) ||
		  (err.status == 501 && !err.retry &&
		   server_learn_501(why->server))))
		look(why);
	else if (err_is_set(&err))
		finish(why, &err);
	else
		fail_missing(why);
}

/* Where nothing is, or what has the ETag replaced. */
static void put_document(struct why *why, struct str replaced)
{
	struct s3_object to = { .bucket = why->bucket, .key = why->key,
				.etag = replaced };

	s3_put(why->work.aws, begin(why, on_written), &to, &why->content,
	       why->server->refuses_conditions ? S3_UNGUARDED :
	       replaced.p ? S3_OVERWRITE : S3_KEEP);
}

static void on_told(void *arg)
{
	struct why *why = arg;

	if (why->server->keeps == SERVER_UNKNOWN)
		finish(why, &why->server->err);
	else
		look(why);
}

/* Servers that may ignore the condition are looked at first. */
static void on_granted(void *arg)
{
	struct why *why = arg;

	if (why->server->keeps == SERVER_KEEPS_ALL) {
		put_document(why, STR_NONE);
	} else if (why->server->keeps != SERVER_UNKNOWN) {
		look(why);
	} else {
		why->wait = (struct server_wait){ .told = on_told, .arg = why };
		server_find(why->server, &why->work, why->bucket, &why->wait);
	}
}

/*
 * It is small and to be read, so the class is the standard one.  Where copies
 * replace each other, their explanations do so in the same order: a claim is
 * granted in the order in which it is asked for.
 */
void why_start(struct why *why)
{
	const struct place *place = why->route->place;

	why->server = place->server;
	why->bucket = place->bucket;
	why->work = place->to_work;
	if (why->work.options)
		why->put = *why->work.options;
	why->work.options = &why->put;
	why->put.storage_class = STR_NONE;
	why->key = name_for(why->work.record, place->key, why->work.arena);
	digest_decision(why);
	if (!why->key.p || make_document(why) < 0) {
		no_memory(why);
		return;
	}
	if (place->dry) {
		finish(why, NULL);
		return;
	}
	why->headers[0] = (struct str_pair){ STR(S3_METADATA_ID),
						 why->work.record->id };
	why->headers[1] = (struct str_pair){ STR(S3_METADATA_WHY),
						 str_of(why->digest) };
	why->content.type = STR("application/json");
	why->content.headers = why->headers;
	why->content.n_headers = WHY_HEADERS;
	if (place->policy != PLACE_REPLACE) {
		on_granted(why);
		return;
	}
	why->claim = (struct claim){ .bucket = place->claim.bucket,
				     .key = place->claim.key,
				     .granted = on_granted, .arg = why };
	claim_take(place->claims, &why->claim);
}

void why_cancel(struct why *why)
{
	if (why->route)
		claim_release(why->route->place->claims, &why->claim);
	aws_call_free(&why->call.aws);
	if (why->server)
		server_forget(why->server, &why->wait);
}
