/* SPDX-License-Identifier: Apache-2.0 */
#include "why.h"

#include <string.h>

#include "buf.h"
#include "iso.h"
#include "json.h"
#include "template.h"

enum {
	REFUSED_MAX = 3,
	DOCUMENT_MAX = 2 * RECORD_MAX
};

static const char id_header[] = "x-amz-meta-s3ev-id";
static const char why_header[] = "x-amz-meta-s3ev-why";

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
	why->done(why->arg);
}

static void no_memory(struct why *why)
{
	struct err err;

	err_set(&err, "OutOfMemory", "out of memory");
	finish(why, &err);
}

static struct s3_call *next_call(struct why *why, void (*done)(void *arg))
{
	memset(&why->call, 0, sizeof(why->call));
	why->call.options = &why->put;
	aws_call_for(&why->call.aws, why->record, why->arena);
	why->call.aws.done = done;
	why->call.aws.arg = why;
	return &why->call;
}

static struct str name_for(const struct record *record, struct str key,
		    struct arena *arena)
{
	struct str name = STR_NONE;
	struct buf text;

	buf_init(&text, RECORD_KEY_MAX);
	template_why(&text, key, record);
	if (!text.failed)
		name = arena_dup(arena, buf_str(&text));
	buf_free(&text);
	return name;
}

static void take_second_name(struct why *why)
{
	struct buf second;

	buf_init(&second, RECORD_KEY_MAX);
	template_second(&second, why->object, why->record);
	why->key = second.failed ? STR_NONE :
		   name_for(why->record, buf_str(&second), why->arena);
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
	const struct record *r = why->record;
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
	struct buf members, document;

	iso_write(written, why->now);
	buf_init(&members, RECORD_MAX);
	buf_init(&document, DOCUMENT_MAX);
	buf_put_str(&members, why->members);
	json_member(&members, "written", str_of(written));
	record_splice(&document, why->record, buf_str(&members));
	if (!members.failed && !document.failed)
		why->content.bytes = arena_dup(why->arena, buf_str(&document));
	buf_free(&members);
	buf_free(&document);
	return why->content.bytes.p ? 0 : -1;
}

/* An object may bear the metadata of an explanation, as a copy of one does. */
static bool may_replace(const struct why *why)
{
	const struct http_request *http = &why->call.aws.http;

	return http_header(http, why_header).n > 0 &&
	       (why->replaces ||
		str_eq(http_header(http, id_header), why->record->id));
}

static bool is_same(const struct why *why)
{
	const struct http_request *http = &why->call.aws.http;

	return str_eq(http_header(http, id_header), why->record->id) &&
	       str_is(http_header(http, why_header), why->digest);
}

static void on_seen(void *arg)
{
	struct why *why = arg;
	struct err err = why->call.aws.err;
	bool same = is_same(why), older = may_replace(why);

	aws_call_free(&why->call.aws);
	if (s3_is_gone(&err)) {
		put_document(why, STR_NONE);
	} else if (err_is_set(&err)) {
		finish(why, &err);
	} else if (same) {
		finish(why, NULL);
	} else if (older) {
		put_document(why, why->call.etag);
	} else if (!why->is_second) {
		take_second_name(why);
	} else {
		err_set(&err, "Collision", "both its names are taken");
		finish(why, &err);
	}
}

static void look(struct why *why)
{
	struct s3_object there = { .bucket = why->bucket, .key = why->key };

	s3_head(why->aws, next_call(why, on_seen), &there);
}

static void on_written(void *arg)
{
	struct why *why = arg;
	struct err err = why->call.aws.err;

	aws_call_free(&why->call.aws);
	if (!err_is_set(&err))
		finish(why, NULL);
	else if (s3_is_gone(&err) && why->refused++ < REFUSED_MAX)
		look(why);
	else
		finish(why, &err);
}

/* Where nothing is, or what has the ETag replaced. */
static void put_document(struct why *why, struct str replaced)
{
	struct s3_object to = { .bucket = why->bucket, .key = why->key,
				.etag = replaced };

	s3_put(why->aws, next_call(why, on_written), &to, &why->content,
	       replaced.p ? S3_OVERWRITE : S3_KEEP);
}

/*
 * It is small and to be read, so the class is the standard one.  Servers that
 * may ignore the condition are looked at first.
 */
void why_start(struct why *why)
{
	if (why->options)
		why->put = *why->options;
	why->put.storage_class = STR_NONE;
	why->object = why->key;
	why->key = name_for(why->record, why->object, why->arena);
	digest_decision(why);
	if (!why->key.p || make_document(why) < 0) {
		no_memory(why);
		return;
	}
	if (why->dry) {
		finish(why, NULL);
		return;
	}
	why->headers[0] = (struct sigv4_header){ STR(id_header),
						 why->record->id };
	why->headers[1] = (struct sigv4_header){ STR(why_header),
						 str_of(why->digest) };
	why->content.type = STR("application/json");
	why->content.headers = why->headers;
	why->content.n_headers = WHY_HEADERS;
	if (config_is_custom_endpoint(aws_config(why->aws), CONFIG_S3))
		look(why);
	else
		put_document(why, STR_NONE);
}

void why_cancel(struct why *why)
{
	aws_call_free(&why->call.aws);
}
