/* SPDX-License-Identifier: Apache-2.0 */
#include "s3_request.h"

#include <string.h>

#include "s3_answer.h"
#include "uri.h"

enum { URL_MAX = 8 << 10 };

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

/* HEAD of a bucket tells its region, whoever asks, wherever it is asked. */
static const char *bucket_url(const struct s3_call *call)
{
	const struct aws_call *to = &call->aws;
	struct config_bucket how;
	const char *kept = NULL;
	struct err ignored;
	struct buf url;

	buf_init(&url, URL_MAX);
	if (config_bucket_url(aws_config(to->aws), call->bucket, to->region,
			      &url, &how, &ignored) == 0 && !how.is_arn)
		kept = arena_dup(to->arena, buf_str(&url)).p;
	buf_free(&url);
	return kept;
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
	struct str location = STR_NONE;
	struct err ignored;

	if (!to->asked)
		location = s3_answer_location(call);
	if (location.p && region.n == 0)
		region = region_of_host(location);
	if (location.p) {
		to->url = location.p;
		if (config_is_label(region))
			to->region = region;
		return true;
	}
	if (region.n == 0 && !to->asked && s3_answer_is_elsewhere(call))
		to->ask = bucket_url(call);
	if (region.n == 0 || str_eq(region, to->region))
		return false;
	region_learn(aws_regions(to->aws), call->bucket, region);
	return locate(to->aws, call, &ignored) == 0 &&
	       str_eq(region, to->region);
}

int s3_request_address(struct aws *aws, struct s3_call *call,
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

int s3_request_pin(struct s3_call *call, const struct s3_object *object,
		   struct err *err)
{
	struct arena *arena = call->aws.arena;
	struct buf query;

	if (object->version.n > 0) {
		buf_init(&query, URL_MAX);
		put_version(&query, object->version);
		call->aws.query = query.failed ? STR_NONE :
				  arena_dup(arena, buf_str(&query));
		call->pinned_version = object->version;
		buf_free(&query);
		if (!call->aws.query.p)
			goto no_memory;
	}
	if (object->etag.n > 0 && !record_is_version(object->version)) {
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

int s3_request_source(struct s3_call *call, const struct s3_object *from,
		      struct err *err)
{
	struct aws_call *request = &call->aws;
	struct str source = copy_source(request->arena, from);
	struct str etag = STR_NONE;

	if (from->etag.n > 0)
		etag = quoted(request->arena, from->etag);
	if (!source.p || (from->etag.n > 0 && !etag.p))
		return err_set(err, "OutOfMemory", "out of memory");
	aws_header(request, "x-amz-copy-source", source);
	aws_header(request, "x-amz-copy-source-if-match", etag);
	if (call->options)
		aws_header(request, "x-amz-source-expected-bucket-owner",
			   call->options->owner);
	return 0;
}

/* RGW compares the ETag of a write, and only there, with its quotes. */
int s3_request_condition(struct aws *aws, struct s3_call *call,
			 const struct s3_object *to,
			 enum s3_overwrite overwrite, struct err *err)
{
	struct str etag = to->etag;

	if (overwrite == S3_KEEP) {
		aws_header(&call->aws, "if-none-match", STR("*"));
		return 0;
	}
	if (etag.n == 0)
		return 0;
	if (!config_is_custom_endpoint(aws_config(aws), CONFIG_S3))
		etag = quoted(call->aws.arena, etag);
	if (!etag.p)
		return err_set(err, "OutOfMemory", "out of memory");
	aws_header(&call->aws, "if-match", etag);
	return 0;
}

void s3_request_target(struct s3_call *call)
{
	const struct s3_options *options = call->options;
	struct aws_call *request = &call->aws;

	if (!options)
		return;
	aws_header(request, "x-amz-server-side-encryption", options->sse);
	aws_header(request, "x-amz-server-side-encryption-aws-kms-key-id",
		   options->kms_key_id);
	aws_header(request, "x-amz-storage-class", options->storage_class);
}

/*
 * The checksum goes along as a header, since other servers choke on AWS's
 * trailers.  Where it does and TLS guards the way, nothing needs a second
 * digest for the signature.
 */
int s3_request_checksum(struct aws *aws, struct s3_call *call, struct err *err)
{
	struct aws_call *request = &call->aws;
	char text[DIGEST_BASE64_SIZE(CHECKSUM_SIZE_MAX)];
	struct checksum checksum;

	if (aws_config(aws)->request_checksums != CONFIG_WHEN_SUPPORTED)
		return 0;
	checksum_init(&checksum, CHECKSUM_CRC64NVME);
	if (!request->slice)
		checksum_update(&checksum, request->body.p, request->body.n);
	else if (slice_checksum(request->slice, &checksum, err) < 0)
		return -1;
	checksum_base64(&checksum, text);
	call->sent_checksum = arena_dup(request->arena, str_of(text));
	if (!call->sent_checksum.p)
		return err_set(err, "OutOfMemory", "out of memory");
	aws_header(request, "x-amz-checksum-crc64nvme", call->sent_checksum);
	request->unsigned_body = strncmp(request->url, "https:", 6) == 0;
	return 0;
}
