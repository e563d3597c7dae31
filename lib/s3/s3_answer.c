/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/s3_answer.h"

#include <string.h>

#include "aws/region.h"
#include "format/url.h"
#include "format/xml.h"
#include "hash/etag.h"
#include "http/http_describe.h"
#include "http/http_head.h"
#include "s3/s3_metadata.h"

struct s3_document {
	struct str code, message, request_id, condition; /* of an Error */
	struct str region, endpoint;	/* where the bucket is, says the Error */
	struct str etag, checksum;	/* of what was copied or completed */
	struct str sha256;
	struct str upload;
};

static const struct xml_field answer_fields[] = {
	{ "Error/Code", offsetof(struct s3_document, code) },
	{ "Error/Message", offsetof(struct s3_document, message) },
	{ "Error/RequestId", offsetof(struct s3_document, request_id) },
	{ "Error/Condition", offsetof(struct s3_document, condition) },
	{ "Error/Region", offsetof(struct s3_document, region) },
	{ "Error/Endpoint", offsetof(struct s3_document, endpoint) },
	{ "CopyObjectResult/ChecksumCRC64NVME",
	  offsetof(struct s3_document, checksum) },
	{ "CopyObjectResult/ChecksumSHA256",
	  offsetof(struct s3_document, sha256) },
	{ "CopyPartResult/ChecksumCRC64NVME",
	  offsetof(struct s3_document, checksum) },
	/* Not every server gives the root its name (moto). */
	{ "*/ETag", offsetof(struct s3_document, etag) },
	{ "*/UploadId", offsetof(struct s3_document, upload) },
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
		{ "NoSuchUpload", "the multipart upload does not exist" },
		{ "NoSuchVersion", "the version does not exist" },
		{ "NotFound", "it does not exist" },
		{ "PermanentRedirect", "the bucket is in another region" },
		{ "PreconditionFailed", "the object is another one by now" },
		{ "SignatureDoesNotMatch", "the secret access key is wrong" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (str_is(code, table[i].code))
			return table[i].meaning;
	return NULL;
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

/*
 * Somebody writes there at the same time.  What is in one request is tried
 * again, but an upload cannot be completed any more and has to be begun anew.
 */
static bool is_lost(const struct s3_call *call, struct str code)
{
	return str_is(code, "ConditionalRequestConflict") &&
	       str_is(str_of(call->root), "CompleteMultipartUploadResult");
}

/* Has S3 itself answered?  What stands before it has none of these headers. */
static bool is_by_s3(const struct s3_call *call,
		     const struct s3_document *answer)
{
	const struct http_request *http = &call->aws.http;

	return answer->code.n > 0 ||
	       http_head_value(http, "x-amz-request-id").n > 0 ||
	       http_head_value(http, "x-amz-id-2").n > 0 ||
	       http_head_value(http, "x-amz-version-id").n > 0 ||
	       http_head_value(http, "x-amz-delete-marker").n > 0;
}

/* Who else may have answered, and what: "HTTP 502, text/html: ...". */
static struct str describe(const struct s3_call *call)
{
	return http_describe(&call->aws.http, call->is_s3 ? NULL : "S3",
			     call->aws.arena);
}

/* A code that the status stands for; what no S3 has said decides nothing. */
static struct str code_without_body(const struct s3_call *call)
{
	long status = call->aws.http.status;
	bool is_head = strcmp(call->aws.method, "HEAD") == 0;

	if (!call->is_s3 && !is_head && status / 100 == 4)
		return STR("UnexpectedAnswer");
	return str_of(code_of(status));
}

static struct str message_for(const struct s3_call *call, struct str code)
{
	const char *known = meaning(code);

	if (call->is_taken)
		return STR("something is there already");
	return known && (call->is_s3 || call->aws.http.body_in.n == 0) ?
		str_of(known) : describe(call);
}

static void keep_text(char *to, size_t size, struct str text)
{
	if (text.n >= size)
		return;
	if (text.n > 0)
		memcpy(to, text.p, text.n);
	to[text.n] = '\0';
}

/* What S3 does not say: which bucket, what was asked for, and what it takes. */
static void set_message(const struct s3_call *call, struct str code,
			struct str message, struct err *err)
{
	if (!call->is_s3 || !call->needs ||
	    !(str_is(code, "AccessDenied") || str_is(code, "NoSuchBucket")))
		err_set(err, "UnexpectedAnswer", "%.*s", STR_FMT(message));
	else
		err_set(err, "UnexpectedAnswer", "%.*s (%s in bucket %.*s)%s",
			STR_FMT(message), call->aws.method,
			STR_FMT(call->bucket),
			str_is(code, "AccessDenied") ? call->needs : "");
}

static void explain(struct s3_call *call, const struct s3_document *answer,
		    struct err *err)
{
	long status = call->aws.http.status;
	struct str code = answer->code;
	struct str message = answer->message;
	struct str id = answer->request_id;

	call->is_s3 = is_by_s3(call, answer);
	call->is_marker = str_is(http_head_value(&call->aws.http,
						 "x-amz-delete-marker"), "true");
	if (code.n == 0)
		code = code_without_body(call);
	if (is_lost(call, code))
		code = STR("PreconditionFailed");
	call->is_taken = call->writes && str_is(code, "PreconditionFailed") &&
			 !str_has_prefix(answer->condition,
					 STR("x-amz-copy-source"));
	if (message.n == 0)
		message = message_for(call, code);
	if (id.n == 0)
		id = http_head_value(&call->aws.http, "x-amz-request-id");
	set_message(call, code, message, err);
	keep_text(err->code, sizeof(err->code), code);
	keep_text(err->request_id, sizeof(err->request_id), id);
	/* What a proxy says now, it may not say for ever. */
	err->retry = !call->is_s3;
	/* A 200 with an error in it is a failure of the server. */
	err->status = status / 100 != 2 ? status : call->is_taken ? 412 : 500;
}

struct headers {
	struct str checksum_type, claim_id, customer_key, encryption, etag,
		   length, record_id, upload_mark, version;
	struct str checksums[CHECKSUM_KINDS];
};

static struct str *find_header(struct headers *headers, struct str name)
{
	const struct {
		const char *name;
		struct str *value;
	} table[] = {
		{ "content-length", &headers->length },
		{ "etag", &headers->etag },
		{ "x-amz-checksum-type", &headers->checksum_type },
		{ S3_METADATA_CLAIM, &headers->claim_id },
		{ S3_METADATA_ID, &headers->record_id },
		{ S3_METADATA_UPLOAD, &headers->upload_mark },
		{ "x-amz-server-side-encryption", &headers->encryption },
		{ "x-amz-server-side-encryption-customer-algorithm",
		  &headers->customer_key },
		{ "x-amz-version-id", &headers->version },
	};
	const struct str checksum = STR("x-amz-checksum-");

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (str_is_nocase(name, table[i].name))
			return table[i].value;
	if (name.n <= checksum.n ||
	    strncasecmp(name.p, checksum.p, checksum.n) != 0)
		return NULL;
	name.p += checksum.n;
	name.n -= checksum.n;
	for (int i = CHECKSUM_NONE + 1; i < CHECKSUM_KINDS; i++)
		if (str_is_nocase(name, checksum_name((enum checksum_kind)i)))
			return &headers->checksums[i];
	return NULL;
}

/* Of headers of one name the first counts. */
static struct headers read_headers(const struct http_request *http)
{
	struct str rest = buf_str(&http->head), name, value;
	struct headers headers = { .length = STR_NONE };

	while (http_head_next(&rest, &name, &value)) {
		struct str *wanted = find_header(&headers, name);

		if (wanted && !wanted->p)
			*wanted = value;
	}
	return headers;
}

/* A checksum of a range, or a COMPOSITE one, is not that of the object. */
static void read_checksum(struct s3_call *call, const struct headers *headers,
			  struct arena *arena)
{
	const struct http_request *http = &call->aws.http;

	call->checksum = CHECKSUM_NONE;
	if (http->status != 200 || str_is(headers->checksum_type, "COMPOSITE"))
		return;
	for (int i = CHECKSUM_NONE + 1; i < CHECKSUM_KINDS; i++) {
		struct str value = headers->checksums[i];

		if (value.n == 0 || memchr(value.p, '-', value.n))
			continue;
		call->checksum = (enum checksum_kind)i;
		call->checksum_value = arena_dup(arena, value);
		return;
	}
}

static bool is_no_md5(const struct s3_call *call)
{
	return call->options && call->options->etag_is_no_md5;
}

/* What was not kept is not absent: it could pass for another's, or unpinned. */
static bool is_kept(const struct s3_call *call, const struct headers *headers)
{
	return (headers->etag.n == 0 || call->etag.p) &&
	       (headers->version.n == 0 || call->version.p) &&
	       call->record_id.p && call->claim_id.p && call->upload_mark.p &&
	       (call->checksum == CHECKSUM_NONE || call->checksum_value.p);
}

int s3_answer_read(struct s3_call *call, struct err *err)
{
	struct arena *arena = call->aws.arena;
	struct headers headers = read_headers(&call->aws.http);

	call->etag = STR_NONE;
	if (headers.etag.n > 0)
		call->etag = arena_dup(arena, etag_bare(headers.etag));
	call->is_s3 = true;
	if (headers.version.n > 0)
		call->version = arena_dup(arena, headers.version);
	call->record_id = arena_dup(arena, headers.record_id);
	call->claim_id = arena_dup(arena, headers.claim_id);
	call->upload_mark = arena_dup(arena, headers.upload_mark);
	call->modified = http_head_modified(&call->aws.http);
	call->has_size = headers.length.p &&
			 str_number(headers.length, &call->size) == 0;
	call->etag_is_md5 = etag_is_md5(call->etag) && !is_no_md5(call) &&
			    !headers.customer_key.p &&
			    !str_has_prefix(headers.encryption, STR("aws:kms"));
	read_checksum(call, &headers, arena);
	return is_kept(call, &headers) ? 0 : err_memory(err);
}

/* Of a good answer. */
static void take_document(struct s3_call *call,
			  const struct s3_document *answer)
{
	call->etag = etag_bare(answer->etag);
	call->upload = answer->upload;
	if (answer->checksum.n > 0) {
		call->checksum = CHECKSUM_CRC64NVME;
		call->checksum_value = answer->checksum;
	} else if (answer->sha256.n > 0) {
		call->checksum = CHECKSUM_SHA256;
		call->checksum_value = answer->sha256;
	}
}

/* What the server has may not be what was sent. */
static int check_sent(const struct s3_call *call, struct err *err)
{
	if (call->sent_checksum.n == 0 ||
	    call->checksum != CHECKSUM_CRC64NVME ||
	    str_eq(call->sent_checksum, call->checksum_value))
		return 0;
	err_set(err, "BadDigest",
		"the CRC64NVME of what arrived is %.*s, not %.*s",
		STR_FMT(call->checksum_value), STR_FMT(call->sent_checksum));
	err->status = 500;
	return -1;
}

static int read_body(const struct aws_call *aws, struct s3_document *answer,
		     struct str *root, struct err *err)
{
	struct str body = buf_str(&aws->http.body_in);

	*answer = (struct s3_document){ .code = STR_NONE };
	if (body.n == 0)
		return -1;
	return xml_pick(body, answer_fields,
			sizeof(answer_fields) / sizeof(*answer_fields),
			aws->arena, answer, root, err);
}

/*
 * Is it a good answer with what we need of it?  Some servers call the root by
 * another name.  An upload that has begun has to be known, so that it can be
 * aborted, even if the answer breaks off behind its id.
 */
static bool is_good(const struct s3_call *call, struct str root,
		    const struct s3_document *answer, bool is_complete)
{
	if (str_is(root, "Error"))
		return false;
	if (strcmp(call->root, "InitiateMultipartUploadResult") == 0 &&
	    answer->upload.n > 0)
		return true;
	return is_complete && (str_is(root, call->root) || answer->etag.n > 0);
}

static struct str say_broken(struct s3_call *call,
			     const struct s3_document *answer)
{
	call->is_s3 = is_by_s3(call, answer);
	return str_of(arena_printf(call->aws.arena,
				   "%.*s: the answer is no complete XML",
				   STR_FMT(describe(call))));
}

/* No good answer to a DELETE has a body, although an error and a page have. */
static bool is_odd_delete(const struct s3_call *call)
{
	return strcmp(call->aws.method, "DELETE") == 0 &&
	       call->aws.http.body_in.n > 0;
}

/* 0 if the body is that of a good answer, or none is needed. */
static int judge_body(struct s3_call *call, struct s3_document *answer,
		      struct err *err)
{
	struct aws_call *aws = &call->aws;
	bool good = aws->http.status / 100 == 2;
	struct str root = STR_NONE;
	int status;

	if (good && !call->root && !call->writes && !is_odd_delete(call))
		return 0;
	status = read_body(aws, answer, &root, err);
	if (good && !call->root && !str_is(root, "Error"))
		return 0;
	if (good && call->root && is_good(call, root, answer, status == 0))
		return 0;
	if (good && status < 0)
		answer->message = say_broken(call, answer);
	explain(call, answer, err);
	return -1;
}

static bool has_likely_size(const struct s3_call *call)
{
	return call->likely_size > 0 && call->has_size &&
	       call->size == call->likely_size;
}

bool s3_answer_is_proved(const struct s3_call *call)
{
	static const struct s3_document none = { .code = { NULL, 0 } };
	struct str type = http_head_value(&call->aws.http, "content-type");

	if (call->etag.n > 0 || is_by_s3(call, &none))
		return true;
	return has_likely_size(call) &&
	       !str_has_prefix(type, STR("text/html"));
}

static bool has_header_of_s3(const struct s3_call *call)
{
	struct str rest = buf_str(&call->aws.http.head), name, value;

	while (http_head_next(&rest, &name, &value))
		if (name.n > 6 && (strncasecmp(name.p, "x-amz", 5) == 0 ||
				   strncasecmp(name.p, "x-goog", 6) == 0))
			return true;
	return false;
}

bool s3_answer_is_page(const struct s3_call *call)
{
	const struct http_request *http = &call->aws.http;
	struct str type = http_head_value(http, "content-type");
	struct str etag = http_head_value(http, "etag");

	if (has_header_of_s3(call))
		return false;
	if (str_has_prefix(type, STR("text/html")))
		return true;
	return type.n > 0 && call->modified < 0 &&
	       (etag.n == 0 || str_has_prefix(etag, STR("W/"))) &&
	       !has_likely_size(call);
}

bool s3_answer_is_zipped(const struct s3_call *call)
{
	const struct http_request *http = &call->aws.http;

	return str_is_nocase(http_head_value(http, "content-encoding"),
			     "gzip") &&
	       (str_has_prefix(http_head_value(http, "etag"), STR("W/")) ||
		http_head_value(http, "content-length").n == 0);
}

void s3_answer_doubt(struct s3_call *call, struct err *err)
{
	call->is_s3 = false;
	err_set(err, "UnexpectedAnswer", "%.*s", STR_FMT(describe(call)));
	err->retry = true;
}

int s3_answer_judge(struct aws_call *aws, struct err *err)
{
	struct s3_call *call = (struct s3_call *)aws;
	struct s3_document answer = { .code = STR_NONE };

	if (judge_body(call, &answer, err) < 0)
		return -1;
	if (s3_answer_read(call, err) < 0)
		return -1;
	if (is_odd_delete(call) && s3_answer_is_page(call)) {
		s3_answer_doubt(call, err);
		return -1;
	}
	if (strcmp(aws->method, "GET") == 0 && s3_is_zipped(call)) {
		err_set(err, "UnexpectedAnswer", "zipped on its way");
		err->status = 500;
		return -1;
	}
	if (etag_differs(call->pinned_version, call->version) ||
	    etag_differs(call->pinned_etag, call->etag) ||
	    s3_is_rewritten(call, &call->pinned_read)) {
		err_set(err, "PreconditionFailed",
			"the object is another one by now");
		err->status = 412;
		return -1;
	}
	if (call->root)
		take_document(call, &answer);
	if (call->writes)
		call->has_size = false;
	call->is_unproved = call->writes && call->etag.n == 0;
	return check_sent(call, err);
}

/* Elsewhere */

/* HEAD has no body, so its status has to do. */
bool s3_answer_is_elsewhere(const struct s3_call *call)
{
	static const char *const codes[] = {
		"PermanentRedirect", "TemporaryRedirect", "Redirect",
		"AuthorizationHeaderMalformed", "BadRequest",
		"IllegalLocationConstraintException", NULL
	};
	const struct err *err = &call->aws.err;

	for (const char *const *code = codes; *code; code++)
		if (strcmp(err->code, *code) == 0)
			return true;
	return err->status == 301 || err->status == 307;
}

struct str s3_answer_region(const struct s3_call *call)
{
	const struct aws_call *aws = &call->aws;
	struct str region = http_head_value(&aws->http, "x-amz-bucket-region");
	struct s3_document answer;
	struct str root = STR_NONE;
	struct err ignored;

	if (!s3_answer_is_elsewhere(call))
		return STR_NONE;
	if (region.n > 0)
		return arena_dup(aws->arena, region);
	if (read_body(aws, &answer, &root, &ignored) < 0)
		return STR_NONE;
	return answer.region.n > 0 ? answer.region :
				     region_of_host(answer.endpoint);
}

/* A Location with a query has ours.  TLS is never given up. */
struct str s3_answer_location(const struct s3_call *call)
{
	const struct aws_call *aws = &call->aws;
	struct str text = http_head_value(&aws->http, "location");
	struct url from, to;

	text = str_next(&text, '?');
	if (aws->http.status != 307 || text.n > CONFIG_URL_MAX ||
	    !url_split(text, &to) || !url_is_plain(&to) ||
	    (url_split(str_of(aws->url), &from) && url_is_tls(&from) &&
	     !url_is_tls(&to)))
		return STR_NONE;
	return arena_dup(aws->arena, text);
}
