/* SPDX-License-Identifier: Apache-2.0 */
#include "s3.h"

#include <string.h>

#include "s3_answer.h"
#include "uri.h"

enum { URL_MAX = 8 << 10 };

bool s3_is_gone(const struct err *err)
{
	return strcmp(err->code, "NoSuchKey") == 0 ||
	       strcmp(err->code, "NoSuchVersion") == 0 ||
	       strcmp(err->code, "NotFound") == 0 ||
	       strcmp(err->code, "PreconditionFailed") == 0 ||
	       (strcmp(err->code, "MethodNotAllowed") == 0 &&
		err->status == 405);
}

bool s3_etag_is_md5(struct str etag)
{
	if (etag.n != 32)
		return false;
	for (size_t i = 0; i < etag.n; i++)
		if (etag.p[i] == '\0' ||
		    !strchr("0123456789abcdefABCDEF", etag.p[i]))
			return false;
	return true;
}

/* Requests */

/* The URL of the call's object, and the region and service to sign for. */
static int locate(struct aws *aws, struct s3_call *call, struct err *err)
{
	struct aws_call *to = &call->aws;
	struct str region = region_find(aws_regions(aws), call->bucket);
	struct config_bucket how;
	struct buf url;
	int status;

	buf_init(&url, URL_MAX);
	status = config_bucket_url(aws_config(aws), call->bucket, region, &url,
				   &how, err);
	buf_putc(&url, '/');
	uri_encode_path(&url, call->key);
	to->url = url.failed ? NULL : arena_dup(to->arena, buf_str(&url)).p;
	if (status == 0 && !to->url)
		status = err_set(err, "InvalidKey", "a key too long for a URL");
	buf_free(&url);
	if (status < 0)
		return -1;
	to->sign_service = how.service;
	to->region = arena_dup(to->arena, how.region);
	if (!to->region.p)
		return err_set(err, "OutOfMemory", "out of memory");
	return 0;
}

/*
 * The bucket is in another region: it will be known for the calls to come.  A
 * bucket that is too new for its name to be known everywhere is reached by the
 * Location of a 307, which holds for this call only.
 */
static bool redirect(struct aws_call *to)
{
	struct s3_call *call = (struct s3_call *)to;
	struct str region = s3_answer_region(call);
	struct str location = s3_answer_location(call);
	struct err ignored;

	if (location.p && region.n == 0)
		region = region_of_host(location);
	if (location.p) {
		to->url = location.p;
		if (config_is_label(region))
			to->region = region;
		return true;
	}
	if (region.n == 0 || str_eq(region, to->region))
		return false;
	region_learn(aws_regions(to->aws), call->bucket, region);
	return locate(to->aws, call, &ignored) == 0 &&
	       str_eq(region, to->region);
}

static int address(struct aws *aws, struct s3_call *call,
		   const struct s3_object *object, struct err *err)
{
	struct aws_call *to = &call->aws;

	call->bucket = object->bucket;
	call->key = object->key;
	to->service = CONFIG_S3;
	to->judge = s3_answer_judge;
	to->redirect = redirect;
	to->n_headers = 0;
	to->query = STR_NONE;
	if (locate(aws, call, err) < 0)
		return -1;
	if (call->options) {
		aws_header(to, "x-amz-expected-bucket-owner",
			   call->options->owner);
		aws_header(to, "x-amz-request-payer", call->options->payer);
	}
	return 0;
}

static struct str quoted(struct arena *arena, struct str etag)
{
	return str_of(arena_printf(arena, "\"%.*s\"", STR_FMT(etag)));
}

static void put_version(struct buf *out, struct str version)
{
	buf_puts(out, "versionId=");
	uri_encode(out, version);
}

/* Ask for exactly this object: its version, or as long as it has its ETag. */
static int pin(struct s3_call *call, const struct s3_object *object,
	       struct err *err)
{
	struct arena *arena = call->aws.arena;
	struct buf query;

	if (object->version.n > 0) {
		buf_init(&query, URL_MAX);
		put_version(&query, object->version);
		call->aws.query = arena_dup(arena, buf_str(&query));
		call->pinned_version = object->version;
		buf_free(&query);
		if (!call->aws.query.p)
			goto no_memory;
	} else if (object->etag.n > 0) {
		struct str etag = quoted(arena, object->etag);

		if (!etag.p)
			goto no_memory;
		aws_header(&call->aws, "if-match", etag);
	}
	call->pinned_etag = object->etag;
	return 0;
no_memory:
	return err_set(err, "OutOfMemory", "out of memory");
}

static void read_object(struct aws *aws, struct s3_call *call,
			const struct s3_object *object, const char *method)
{
	struct err err;

	call->aws.method = method;
	call->is_copy = false;
	call->needs = ": s3:GetObject (s3:GetObjectVersion for a version) is "
		      "needed, and kms:Decrypt if it is encrypted so; where "
		      "s3:ListBucket is not granted, a missing object is "
		      "answered like this too";
	if (address(aws, call, object, &err) < 0 ||
	    pin(call, object, &err) < 0) {
		aws_fail(aws, &call->aws, &err);
		return;
	}
	if (aws_config(aws)->response_checksums == CONFIG_WHEN_SUPPORTED)
		aws_header(&call->aws, "x-amz-checksum-mode", STR("ENABLED"));
	aws_start(aws, &call->aws);
}

void s3_read_answer(struct s3_call *call)
{
	s3_answer_read(call);
}

void s3_get(struct aws *aws, struct s3_call *call,
	    const struct s3_object *object)
{
	read_object(aws, call, object, "GET");
}

void s3_head(struct aws *aws, struct s3_call *call,
	     const struct s3_object *object)
{
	read_object(aws, call, object, "HEAD");
}

/* bucket/key, encoded as a path, with ?versionId= behind it, which is not. */
static struct str copy_source(struct arena *arena,
			      const struct s3_object *from)
{
	bool is_arn = str_has_prefix(from->bucket, STR("arn:"));
	struct buf source;
	struct str kept;

	buf_init(&source, URL_MAX);
	uri_encode_path(&source, from->bucket);
	buf_puts(&source, is_arn ? "/object/" : "/");
	uri_encode_path(&source, from->key);
	if (from->version.n > 0) {
		buf_putc(&source, '?');
		put_version(&source, from->version);
	}
	kept = source.failed ? STR_NONE : arena_dup(arena, buf_str(&source));
	buf_free(&source);
	return kept;
}

static void put_copy_options(struct aws_call *request,
			     const struct s3_options *options)
{
	aws_header(request, "x-amz-source-expected-bucket-owner",
		   options->owner);
	aws_header(request, "x-amz-server-side-encryption", options->sse);
	aws_header(request, "x-amz-server-side-encryption-aws-kms-key-id",
		   options->kms_key_id);
	aws_header(request, "x-amz-storage-class", options->storage_class);
}

static int prepare_copy(struct aws *aws, struct s3_call *call,
			const struct s3_object *from,
			const struct s3_object *to,
			enum s3_overwrite overwrite, struct err *err)
{
	struct aws_call *request = &call->aws;
	struct str source, etag = STR_NONE;

	if (address(aws, call, to, err) < 0)
		return -1;
	source = copy_source(request->arena, from);
	if (from->etag.n > 0)
		etag = quoted(request->arena, from->etag);
	if (!source.p || (from->etag.n > 0 && !etag.p))
		return err_set(err, "OutOfMemory", "out of memory");
	aws_header(request, "x-amz-copy-source", source);
	aws_header(request, "x-amz-copy-source-if-match", etag);
	if (overwrite == S3_KEEP)
		aws_header(request, "if-none-match", STR("*"));
	if (call->options)
		put_copy_options(request, call->options);
	request->body = STR("");
	return 0;
}

void s3_copy(struct aws *aws, struct s3_call *call,
	     const struct s3_object *from, const struct s3_object *to,
	     enum s3_overwrite overwrite)
{
	struct err err;

	call->aws.method = "PUT";
	call->is_copy = true;
	call->needs = ": s3:GetObject (s3:GetObjectVersion) at the source and "
		      "s3:PutObject at the destination are needed, with tags "
		      "also s3:GetObjectTagging and s3:PutObjectTagging, with "
		      "KMS keys kms:Decrypt and kms:GenerateDataKey; where "
		      "s3:ListBucket is not granted, a missing source is "
		      "answered like this too";
	if (prepare_copy(aws, call, from, to, overwrite, &err) < 0)
		aws_fail(aws, &call->aws, &err);
	else
		aws_start(aws, &call->aws);
}

void s3_delete(struct aws *aws, struct s3_call *call,
	       const struct s3_object *object)
{
	struct err err;

	call->aws.method = "DELETE";
	call->is_copy = false;
	call->needs = ": s3:DeleteObject (s3:DeleteObjectVersion for a "
		      "version) is needed";
	if (address(aws, call, object, &err) < 0 ||
	    pin(call, object, &err) < 0)
		aws_fail(aws, &call->aws, &err);
	else
		aws_start(aws, &call->aws);
}
