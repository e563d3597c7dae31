/* SPDX-License-Identifier: Apache-2.0 */
#include "s3.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "uri.h"
#include "xml.h"

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
		if (!strchr("0123456789abcdefABCDEF", etag.p[i]))
			return false;
	return true;
}

/* Answers */

static struct str unquoted(struct str etag)
{
	if (etag.n >= 2 && etag.p[0] == '"' && etag.p[etag.n - 1] == '"')
		return (struct str){ etag.p + 1, etag.n - 2 };
	return etag;
}

struct answer {
	struct str code, message, request_id, condition; /* of an Error */
	struct str copy_etag;
};

static const struct xml_field answer_fields[] = {
	{ "Error/Code", offsetof(struct answer, code) },
	{ "Error/Message", offsetof(struct answer, message) },
	{ "Error/RequestId", offsetof(struct answer, request_id) },
	{ "Error/Condition", offsetof(struct answer, condition) },
	{ "CopyObjectResult/ETag", offsetof(struct answer, copy_etag) },
};

/* HEAD has no body to say more, and some servers leave the message empty. */
static const char *meaning(struct str code)
{
	static const struct {
		const char *code, *meaning;
	} table[] = {
		{ "AccessDenied", "access denied" },
		{ "BadRequest", "bad request" },
		{ "InvalidAccessKeyId", "no such access key id" },
		{ "MethodNotAllowed", "a delete marker, no object" },
		{ "NoSuchBucket", "the bucket does not exist" },
		{ "NoSuchKey", "the object does not exist" },
		{ "NoSuchVersion", "the version does not exist" },
		{ "NotFound", "it does not exist" },
		{ "PermanentRedirect", "the bucket is in another region" },
		{ "PreconditionFailed", "the object is another one by now" },
		{ "SignatureDoesNotMatch", "the secret access key is wrong" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (str_is(code, table[i].code))
			return table[i].meaning;
	return "no more was said";
}

static const char *code_of(long status)
{
	switch (status) {
	case 301: return "PermanentRedirect";
	case 400: return "BadRequest";
	case 403: return "AccessDenied";
	case 404: return "NotFound";
	case 405: return "MethodNotAllowed";
	case 412: return "PreconditionFailed";
	case 503: return "ServiceUnavailable";
	default: return "UnexpectedAnswer";
	}
}

static void explain(struct s3_call *call, const struct answer *answer,
		    struct err *err)
{
	long status = call->aws.http.status;
	struct str code = answer->code;
	struct str message = answer->message;
	struct str id = answer->request_id;
	const char *hint = "";

	if (code.n == 0)
		code = str_of(code_of(status));
	call->is_taken = call->is_copy && str_is(code, "PreconditionFailed") &&
			 !str_has_prefix(answer->condition,
					 STR("x-amz-copy-source"));
	if (message.n == 0)
		message = call->is_taken ? STR("something is there already") :
					   str_of(meaning(code));
	if (id.n == 0)
		id = http_header(&call->aws.http, "x-amz-request-id");
	if (str_is(code, "AccessDenied"))
		hint = call->needs;
	err_set(err, "UnexpectedAnswer", "%.*s%s", STR_FMT(message), hint);
	if (code.n < sizeof(err->code)) {
		memcpy(err->code, code.p, code.n);
		err->code[code.n] = '\0';
	}
	if (id.n < sizeof(err->request_id)) {
		if (id.n > 0)
			memcpy(err->request_id, id.p, id.n);
		err->request_id[id.n] = '\0';
	}
	/* A 200 with an error in it is a failure of the server. */
	err->status = status / 100 == 2 ? 500 : status;
}

static void read_headers(struct s3_call *call, struct arena *arena)
{
	const struct http_request *http = &call->aws.http;
	struct str length = http_header(http, "content-length");
	struct str sse = http_header(http, "x-amz-server-side-encryption");
	struct str customer = http_header(http,
		"x-amz-server-side-encryption-customer-algorithm");
	struct str version = http_header(http, "x-amz-version-id");

	call->etag = arena_dup(arena, unquoted(http_header(http, "etag")));
	if (version.n > 0)
		call->version = arena_dup(arena, version);
	call->has_size = length.p && str_number(length, &call->size) == 0;
	call->etag_is_md5 = s3_etag_is_md5(call->etag) && !customer.p &&
			    !str_has_prefix(sse, STR("aws:kms"));
}

/* Both are known, and they are not the same. */
static bool differs(struct str pinned, struct str got)
{
	return pinned.n > 0 && got.n > 0 &&
	       (pinned.n != got.n ||
		strncasecmp(pinned.p, got.p, pinned.n) != 0);
}

static int judge(struct aws_call *aws, struct err *err)
{
	struct s3_call *call = (struct s3_call *)aws;
	struct str body = buf_str(&aws->http.body_in);
	struct answer answer = { .code = STR_NONE };
	bool good = aws->http.status / 100 == 2;
	struct str root = STR_NONE;

	if (!good || call->is_copy) {
		int status = body.n == 0 ? -1 :
			xml_pick(body, answer_fields,
				 sizeof(answer_fields) / sizeof(*answer_fields),
				 aws->arena, &answer, &root, err);

		if (!good || status < 0 || !str_is(root, "CopyObjectResult")) {
			if (good && status < 0)
				answer.message =
					STR("the answer is no complete XML");
			explain(call, &answer, err);
			return -1;
		}
	}
	read_headers(call, aws->arena);
	if (differs(call->pinned_version, call->version) ||
	    differs(call->pinned_etag, call->etag)) {
		err_set(err, "PreconditionFailed",
			"the object is another one by now");
		err->status = 412;
		return -1;
	}
	if (call->is_copy) {
		call->etag = unquoted(answer.copy_etag);
		call->has_size = false;
	}
	return 0;
}

/* Requests */

/* The URL of an object, and the region and service to sign for. */
static int address(struct aws *aws, struct s3_call *call,
		   const struct s3_object *object, struct err *err)
{
	struct aws_call *to = &call->aws;
	struct config_bucket how;
	struct buf url;
	struct str kept;
	int status;

	buf_init(&url, URL_MAX);
	status = config_bucket_url(aws_config(aws), object->bucket, STR_NONE,
				   &url, &how, err);
	buf_putc(&url, '/');
	uri_encode_path(&url, object->key);
	kept = arena_dup(to->arena, buf_str(&url));
	if (status == 0 && (url.failed || !kept.p))
		status = err_set(err, "InvalidKey", "a key too long for a URL");
	buf_free(&url);
	if (status < 0)
		return -1;
	to->url = kept.p;
	to->service = CONFIG_S3;
	to->sign_service = how.service;
	to->region = how.region;
	to->judge = judge;
	to->n_headers = 0;
	to->query = STR_NONE;
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
	    pin(call, object, &err) < 0)
		aws_fail(aws, &call->aws, &err);
	else
		aws_start(aws, &call->aws);
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
