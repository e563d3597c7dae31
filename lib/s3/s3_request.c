/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strcasestr */
#include "s3/s3_request.h"

#include "config/config_endpoint.h"
#include "format/iso.h"
#include "format/uri.h"
#include "format/url.h"
#include "s3/s3_answer.h"
#include "s3/s3_location.h"

enum { QUERY_MAX = 8 << 10 };

/* "Unsupported header 'x-amz-checksum-crc64nvme'", or however it is said. */
static bool refuses_checksums(const struct s3_call *call)
{
	const struct err *err = &call->aws.err;

	return (err->status == 400 || err->status == 501) &&
	       strcasestr(err->message, "checksum") &&
	       config_endpoint_is_custom(aws_config(call->aws.aws), CONFIG_S3);
}

static bool is_checksum(struct str name)
{
	return str_has_prefix(name, STR("x-amz-checksum-")) ||
	       str_is(name, "x-amz-sdk-checksum-algorithm");
}

static bool drop_checksums(struct aws_call *request)
{
	size_t n = 0;

	for (size_t i = 0; i < request->n_headers; i++)
		if (!is_checksum(request->headers[i].name))
			request->headers[n++] = request->headers[i];
	if (n == request->n_headers)
		return false;
	request->n_headers = n;
	return true;
}

/*
 * Put right what a refusal shows to be wrong, once.  Some servers know no
 * checksums (Backblaze B2); the rest of the run does without them.
 */
static bool mend(struct aws_call *request)
{
	struct s3_call *call = (struct s3_call *)request;

	if (!refuses_checksums(call) || !drop_checksums(request))
		return s3_location_redirect(request);
	call->sent_checksum = STR_NONE;
	if (call->options && call->options->quirks)
		call->options->quirks->no_checksums = true;
	return true;
}

bool s3_request_sends_checksums(const struct aws *aws, const struct s3_call *call)
{
	return aws_config(aws)->request_checksums == CONFIG_WHEN_SUPPORTED &&
	       !(call->options && call->options->quirks &&
		 call->options->quirks->no_checksums);
}

int s3_request_address(struct aws *aws, struct s3_call *call,
		       const struct s3_object *object, struct err *err)
{
	struct aws_call *to = &call->aws;

	call->bucket = object->bucket;
	call->key = object->key;
	to->service = CONFIG_S3;
	to->judge = s3_answer_judge;
	to->redirect = mend;
	to->n_headers = 0;
	to->query = STR_NONE;
	if (!object->bucket.p || !object->key.p)
		return err_memory(err);
	if (s3_location_find(aws, call, err) < 0)
		return -1;
	if (call->options) {
		aws_call_header(to, "x-amz-expected-bucket-owner",
				call->options->owner);
		aws_call_header(to, "x-amz-request-payer",
				call->options->payer);
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

/* Then the ETag in the answer has to do, which shows the same. */
static bool refuses_etag(const struct s3_call *call)
{
	return call->options && call->options->quirks &&
	       call->options->quirks->refuses_etag;
}

int s3_request_pin(struct s3_call *call, const struct s3_object *object,
		   struct err *err)
{
	struct arena *arena = call->aws.arena;
	struct buf query;

	if (object->version.n > 0) {
		buf_init(&query, QUERY_MAX);
		put_version(&query, object->version);
		call->aws.query = arena_take(arena, &query);
		call->pinned_version = object->version;
		if (!call->aws.query.p)
			return err_memory(err);
	}
	if (object->etag.n > 0 && !record_is_version(object->version) &&
	    !refuses_etag(call)) {
		struct str etag = quoted(arena, object->etag);

		if (!etag.p)
			return err_memory(err);
		aws_call_header(&call->aws, "if-match", etag);
	}
	call->pinned_etag = object->etag;
	if (!record_is_version(object->version))
		call->pinned_read = object->read;
	return 0;
}

/* bucket/key, encoded as a path, with ?versionId= behind it, which is not. */
static struct str copy_source(struct arena *arena,
			      const struct s3_object *from)
{
	bool is_arn = str_has_prefix(from->bucket, STR("arn:"));
	struct buf source;

	buf_init(&source, QUERY_MAX);
	uri_encode_path(&source, from->bucket);
	buf_puts(&source, is_arn ? "/object/" : "/");
	uri_encode_path(&source, from->key);
	if (from->version.n > 0) {
		buf_putc(&source, '?');
		put_version(&source, from->version);
	}
	return arena_take(arena, &source);
}

bool s3_has_time_condition(const struct aws *aws,
			 const struct s3_options *options,
			 const struct s3_object *from)
{
	return from->read.modified > 0 && !record_is_version(from->version) &&
	       !config_endpoint_is_custom(aws_config(aws), CONFIG_S3) &&
	       !(options && (options->no_modified ||
			     (options->quirks &&
			      options->quirks->refuses_modified)));
}

static int put_time(struct aws_call *request, long long modified,
		    struct err *err)
{
	char text[ISO_HTTP_SIZE];
	struct str time;

	iso_write_http(text, (time_t)modified);
	time = arena_dup(request->arena, str_of(text));
	if (!time.p)
		return err_memory(err);
	aws_call_header(request, "x-amz-copy-source-if-unmodified-since", time);
	return 0;
}

static int put_etag(struct aws_call *request, struct str etag, struct err *err)
{
	struct str text = quoted(request->arena, etag);

	if (!text.p)
		return err_memory(err);
	aws_call_header(request, "x-amz-copy-source-if-match", text);
	return 0;
}

static int put_source_condition(struct aws *aws, struct s3_call *call,
				const struct s3_object *from, struct err *err)
{
	if (s3_has_time_condition(aws, call->options, from))
		return put_time(&call->aws, from->read.modified, err);
	return from->etag.n > 0 ? put_etag(&call->aws, from->etag, err) : 0;
}

int s3_request_source(struct aws *aws, struct s3_call *call,
		      const struct s3_object *from, struct err *err)
{
	struct aws_call *request = &call->aws;
	struct str source = copy_source(request->arena, from);

	if (!source.p)
		return err_memory(err);
	aws_call_header(request, "x-amz-copy-source", source);
	if (put_source_condition(aws, call, from, err) < 0)
		return -1;
	if (call->options)
		aws_call_header(request, "x-amz-source-expected-bucket-owner",
				call->options->owner);
	return 0;
}

/*
 * AWS takes the ETag in quotes.  RGW does not take them off before it compares,
 * but for writes only.
 */
int s3_request_condition(struct aws *aws, struct s3_call *call,
			 const struct s3_object *to,
			 enum s3_overwrite overwrite, struct err *err)
{
	struct str etag = to->etag;

	if (overwrite == S3_KEEP) {
		aws_call_header(&call->aws, "if-none-match", STR("*"));
		return 0;
	}
	if (overwrite == S3_UNGUARDED || etag.n == 0)
		return 0;
	if (!config_endpoint_is_custom(aws_config(aws), CONFIG_S3))
		etag = quoted(call->aws.arena, etag);
	if (!etag.p)
		return err_memory(err);
	aws_call_header(&call->aws, "if-match", etag);
	return 0;
}

void s3_request_target(struct s3_call *call)
{
	const struct s3_options *options = call->options;
	struct aws_call *request = &call->aws;

	if (!options)
		return;
	aws_call_header(request, "x-amz-server-side-encryption", options->sse);
	aws_call_header(request, "x-amz-server-side-encryption-aws-kms-key-id",
			options->kms_key_id);
	aws_call_header(request, "x-amz-storage-class", options->storage_class);
	aws_call_header(request, "x-amz-acl", options->acl);
}

/*
 * The checksum is a header and no trailer, which other servers than AWS do not
 * understand.  With a checksum and TLS, UNSIGNED-PAYLOAD saves hashing the body
 * twice.
 */
int s3_request_checksum(struct aws *aws, struct s3_call *call, struct err *err)
{
	struct aws_call *request = &call->aws;
	char text[DIGEST_BASE64_SIZE(CHECKSUM_SIZE_MAX)];
	struct checksum checksum;
	struct url url;

	if (!s3_request_sends_checksums(aws, call))
		return 0;
	checksum_init(&checksum, CHECKSUM_CRC64NVME);
	if (!request->slice)
		checksum_update(&checksum, request->body.p, request->body.n);
	else if (slice_checksum(request->slice, &checksum, err) < 0)
		return -1;
	checksum_base64(&checksum, text);
	call->sent_checksum = arena_dup(request->arena, str_of(text));
	if (!call->sent_checksum.p)
		return err_memory(err);
	aws_call_header(request, "x-amz-checksum-crc64nvme",
			call->sent_checksum);
	request->unsigned_body = url_split(str_of(request->url), &url) &&
				 url_is_tls(&url);
	return 0;
}
