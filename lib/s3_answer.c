/* SPDX-License-Identifier: Apache-2.0 */
#include "s3_answer.h"

#include <string.h>

#include "region.h"
#include "xml.h"

static struct str unquoted(struct str etag)
{
	if (etag.n >= 2 && etag.p[0] == '"' && etag.p[etag.n - 1] == '"')
		return (struct str){ etag.p + 1, etag.n - 2 };
	return etag;
}

struct answer {
	struct str code, message, request_id, condition; /* of an Error */
	struct str region, endpoint;	/* where the bucket is, says the Error */
	struct str etag, checksum;	/* of what was copied or completed */
	struct str upload;
};

static const struct xml_field answer_fields[] = {
	{ "Error/Code", offsetof(struct answer, code) },
	{ "Error/Message", offsetof(struct answer, message) },
	{ "Error/RequestId", offsetof(struct answer, request_id) },
	{ "Error/Condition", offsetof(struct answer, condition) },
	{ "Error/Region", offsetof(struct answer, region) },
	{ "Error/Endpoint", offsetof(struct answer, endpoint) },
	{ "CopyObjectResult/ETag", offsetof(struct answer, etag) },
	{ "CopyPartResult/ETag", offsetof(struct answer, etag) },
	{ "CopyPartResult/ChecksumCRC64NVME",
	  offsetof(struct answer, checksum) },
	{ "CompleteMultipartUploadResult/ETag", offsetof(struct answer, etag) },
	{ "InitiateMultipartUploadResult/UploadId",
	  offsetof(struct answer, upload) },
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

/*
 * Somebody writes there at the same time.  What is in one request is tried
 * again, but an upload cannot be completed any more and has to be begun anew.
 */
static bool is_lost(const struct s3_call *call, struct str code)
{
	return str_is(code, "ConditionalRequestConflict") &&
	       str_is(str_of(call->root), "CompleteMultipartUploadResult");
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
	if (is_lost(call, code))
		code = STR("PreconditionFailed");
	call->is_taken = call->writes && str_is(code, "PreconditionFailed") &&
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
	err->status = status / 100 != 2 ? status : call->is_taken ? 412 : 500;
}

struct headers {
	struct str checksum_type, customer_key, encryption, etag, length,
		   record_id, version;
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
		{ "x-amz-meta-s3ev-id", &headers->record_id },
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

	while (http_next_header(&rest, &name, &value)) {
		struct str *wanted = find_header(&headers, name);

		if (wanted && !wanted->p)
			*wanted = value;
	}
	return headers;
}

/* What it says of a part of the object or of its parts proves nothing. */
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

void s3_answer_read(struct s3_call *call)
{
	struct arena *arena = call->aws.arena;
	struct headers headers = read_headers(&call->aws.http);

	call->etag = arena_dup(arena, unquoted(headers.etag));
	if (headers.version.n > 0)
		call->version = arena_dup(arena, headers.version);
	call->record_id = arena_dup(arena, headers.record_id);
	call->has_size = headers.length.p &&
			 str_number(headers.length, &call->size) == 0;
	call->etag_is_md5 = s3_etag_is_md5(call->etag) &&
			    !headers.customer_key.p &&
			    !str_has_prefix(headers.encryption, STR("aws:kms"));
	read_checksum(call, &headers, arena);
}

bool s3_answer_differs(struct str pinned, struct str got)
{
	return pinned.n > 0 && got.n > 0 && !str_eq_nocase(pinned, got);
}

/* Of a good answer. */
static void take_document(struct s3_call *call, const struct answer *answer)
{
	call->etag = unquoted(answer->etag);
	call->upload = answer->upload;
	if (answer->checksum.n > 0) {
		call->checksum = CHECKSUM_CRC64NVME;
		call->checksum_value = answer->checksum;
	}
}

/* What the server has may not be what was sent. */
static int check_sent(const struct s3_call *call, struct err *err)
{
	if (call->sent_checksum.n == 0 || call->checksum != CHECKSUM_CRC64NVME ||
	    str_eq(call->sent_checksum, call->checksum_value))
		return 0;
	err_set(err, "BadDigest", "the CRC64NVME of what arrived is %.*s, not %.*s",
		STR_FMT(call->checksum_value), STR_FMT(call->sent_checksum));
	err->status = 500;
	return -1;
}

static int read_body(const struct aws_call *aws, struct answer *answer,
		     struct str *root, struct err *err)
{
	struct str body = buf_str(&aws->http.body_in);

	*answer = (struct answer){ .code = STR_NONE };
	if (body.n == 0)
		return -1;
	return xml_pick(body, answer_fields,
			sizeof(answer_fields) / sizeof(*answer_fields),
			aws->arena, answer, root, err);
}

int s3_answer_judge(struct aws_call *aws, struct err *err)
{
	struct s3_call *call = (struct s3_call *)aws;
	struct answer answer = { .code = STR_NONE };
	bool good = aws->http.status / 100 == 2;
	struct str root = STR_NONE;

	if (!good || call->root) {
		int status = read_body(aws, &answer, &root, err);

		if (!good || status < 0 || !str_is(root, call->root)) {
			if (good && status < 0)
				answer.message =
					STR("the answer is no complete XML");
			explain(call, &answer, err);
			return -1;
		}
	}
	s3_answer_read(call);
	if (s3_answer_differs(call->pinned_version, call->version) ||
	    s3_answer_differs(call->pinned_etag, call->etag)) {
		err_set(err, "PreconditionFailed",
			"the object is another one by now");
		err->status = 412;
		return -1;
	}
	if (call->root)
		take_document(call, &answer);
	if (call->writes)
		call->has_size = false;
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
	struct str region = http_header(&aws->http, "x-amz-bucket-region");
	struct answer answer;
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

/* The query and the path stay as they are; only TLS is never given up. */
struct str s3_answer_location(const struct s3_call *call)
{
	const struct http_request *http = &call->aws.http;
	struct str url = http_header(http, "location");
	struct err ignored;

	url = str_next(&url, '?');
	if (http->status != 307 || url.n == 0 ||
	    config_check_url(url, "Location", &ignored) < 0 ||
	    (strncmp(call->aws.url, "https:", 6) == 0 &&
	     !str_has_prefix(url, STR("https://"))))
		return STR_NONE;
	return arena_dup(call->aws.arena, url);
}
