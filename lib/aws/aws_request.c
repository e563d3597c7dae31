/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/aws_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "config/config_source.h"
#include "format/url.h"
#include "hash/digest.h"

enum { OWN_LINES = 7 };	/* that a try adds to the call's headers */

int aws_request_signer_init(struct aws_request_signer *signer, struct err *err)
{
	sigv4_signed_init(&signer->made);
	signer->random_left = 0;
	signer->trace_id = STR_NONE;
	if (!getenv("AWS_LAMBDA_FUNCTION_NAME"))
		return 0;
	return config_source_variable("_X_AMZN_TRACE_ID", &signer->trace_id,
				      err);
}

void aws_request_signer_free(struct aws_request_signer *signer)
{
	sigv4_key_wipe(&signer->key);
	sigv4_signed_free(&signer->made);
}

int aws_request_random(void *bytes, size_t n, struct err *err)
{
	if (getrandom(bytes, n, 0) == (ssize_t)n)
		return 0;
	return err_errno(err, "random numbers");
}

/* The next n of many random bytes: the kernel is not asked for each request. */
static int take_random(struct aws_request_signer *signer, unsigned char *bytes,
		       size_t n, struct err *err)
{
	if (signer->random_left < n) {
		if (aws_request_random(signer->random, sizeof(signer->random),
				       err) < 0)
			return -1;
		signer->random_left = sizeof(signer->random);
	}
	signer->random_left -= n;
	memcpy(bytes, signer->random + signer->random_left, n);
	return 0;
}

/* The invocation id is a version 4 UUID (RFC 9562). */
static int name_invocation(struct aws_request_signer *signer,
			   struct aws_call *call, struct err *err)
{
	unsigned char random[16];
	char hex[DIGEST_HEX_SIZE(sizeof(random))];

	if (take_random(signer, random, sizeof(random), err) < 0)
		return -1;
	random[6] = (random[6] & 0x0f) | 0x40;
	random[8] = (random[8] & 0x3f) | 0x80;
	digest_hex(hex, random, sizeof(random));
	snprintf(call->invocation, sizeof(call->invocation),
		 "%.8s-%.4s-%.4s-%.4s-%s", hex, hex + 8, hex + 12, hex + 16,
		 hex + 20);
	return 0;
}

static int hash_body(struct aws_call *call, struct err *err)
{
	unsigned char sum[DIGEST_SHA256_SIZE];
	char hex[DIGEST_HEX_SIZE(DIGEST_SHA256_SIZE)];

	if (call->unsigned_body) {
		call->payload_hash = STR("UNSIGNED-PAYLOAD");
		return 0;
	}
	if (call->slice) {
		if (slice_sha256(call->slice, sum, err) < 0)
			return -1;
	} else {
		digest_sha256(call->body.p, call->body.n, sum);
	}
	digest_hex(hex, sum, sizeof(sum));
	call->payload_hash = arena_dup(call->arena, str_of(hex));
	return call->payload_hash.p ? 0 :
	       err_memory(err);
}

int aws_request_prepare(struct aws_request_signer *signer,
			struct aws_call *call, struct err *err)
{
	if (hash_body(call, err) < 0)
		return -1;
	if (call->service == CONFIG_S3)
		aws_call_header(call, "x-amz-content-sha256",
				call->payload_hash);
	return name_invocation(signer, call, err);
}

static int sign(struct aws_request_signer *signer, struct aws_call *call,
		const struct aws_try *try, struct err *err)
{
	struct sigv4_credentials credentials = {
		try->keys->access_key_id, try->keys->secret_access_key,
		try->keys->session_token,
	};
	struct str_pair headers[SIGV4_MAX_HEADERS];
	size_t n = call->n_headers;
	struct sigv4_request request = {
		.method = str_of(call->method),
		.query = call->query,
		.headers = headers,
		.n_headers = n + 1 + call->n_more,
		.payload_hash = call->payload_hash,
		.region = call->region,
		.service = str_of(call->sign_service),
		.time = try->time,
		.credentials = &credentials,
		.flags = call->service == CONFIG_S3 ? 0 :
			 SIGV4_NORMALIZE_PATH | SIGV4_ENCODE_PATH,
	};
	struct url url;

	if (request.n_headers > SIGV4_MAX_HEADERS)
		return err_set(err, "InvalidRequest",
			       "more than %d headers or items of metadata",
			       SIGV4_MAX_HEADERS);
	memcpy(headers, call->headers, n * sizeof(*headers));
	if (!url_split(str_of(call->url), &url))
		return err_set(err, "InvalidRequest", "not a URL: %s",
			       call->url);
	request.path = url.path;
	headers[n].name = STR("host");
	headers[n].value = url_host_header(&url);
	if (call->n_more > 0)
		memcpy(headers + n + 1, call->more,
		       call->n_more * sizeof(*headers));
	return sigv4_sign(&signer->made, &signer->key, &request, err);
}

/* Header lines; failed: there was no memory for one of them. */
struct header_list {
	struct arena *arena;
	const char **line;
	size_t n;
	bool failed;
};

/* For an empty header libcurl wants a semicolon instead of the colon. */
static void put(struct header_list *lines, struct str name, struct str value)
{
	const char *line = arena_printf(lines->arena, "%.*s%s%.*s",
					STR_FMT(name),
					value.n > 0 ? ": " : ";",
					STR_FMT(value));

	if (line)
		lines->line[lines->n++] = line;
	else
		lines->failed = true;
}

/*
 * The trace id comes from a record, which may hold any bytes.  Those that a
 * header cannot have are encoded, as in AWS's own clients.
 */
static struct str encode_trace(struct arena *arena, struct str trace)
{
	struct buf out;

	buf_init(&out, 3 * trace.n + 1);
	for (size_t i = 0; i < trace.n; i++) {
		unsigned char c = (unsigned char)trace.p[i];

		if (c < 0x20 || c >= 0x7f)
			buf_printf(&out, "%%%02X", c);
		else
			buf_putc(&out, (char)c);
	}
	return arena_take(arena, &out);
}

static void put_trace(struct header_list *lines,
		      const struct aws_request_signer *signer,
		      const struct aws_call *call)
{
	struct str trace = signer->trace_id;

	if (call->trace.n > 0)
		trace = encode_trace(lines->arena, call->trace);
	if (trace.n > 0)
		put(lines, STR("X-Amzn-Trace-Id"), trace);
	else if (call->trace.n > 0)
		lines->failed = true;
}

static void put_try(struct header_list *lines, const struct aws_call *call,
		    const struct aws_try *try)
{
	const char *count = arena_printf(lines->arena, "attempt=%u; max=%u",
					 try->number, try->max);

	put(lines, STR("amz-sdk-invocation-id"), str_of(call->invocation));
	put(lines, STR("amz-sdk-request"), str_of(count));
}

/*
 * Headers added after signing are not part of the signature, as in AWS's SDKs:
 * they differ from try to try, or are changed on the way.
 */
static const char *const *header_lines(const struct aws_request_signer *signer,
				       struct aws_call *call,
				       const struct aws_try *try)
{
	struct header_list lines = { .arena = call->arena };
	size_t max = call->n_headers + call->n_more + OWN_LINES + 1;

	lines.line = arena_alloc(call->arena, max * sizeof(*lines.line));
	if (!lines.line)
		return NULL;
	for (size_t i = 0; i < call->n_headers; i++)
		put(&lines, call->headers[i].name, call->headers[i].value);
	for (size_t i = 0; i < call->n_more; i++)
		put(&lines, call->more[i].name, call->more[i].value);
	if (call->takes_gzip)
		put(&lines, STR("Accept-Encoding"), STR("gzip"));
	put(&lines, STR("X-Amz-Date"), str_of(signer->made.date));
	put(&lines, STR("Authorization"), buf_str(&signer->made.authorization));
	if (try->keys->session_token.n > 0)
		put(&lines, STR("X-Amz-Security-Token"),
		    try->keys->session_token);
	put_try(&lines, call, try);
	put_trace(&lines, signer, call);
	return lines.failed ? NULL : lines.line;
}

int aws_request_make(struct aws_request_signer *signer, struct aws_call *call,
		     const struct aws_try *try, struct err *err)
{
	struct http_request *http = &call->http;

	if (sign(signer, call, try, err) < 0)
		return -1;
	http->method = call->method;
	http->url = call->query.n == 0 ? call->url :
		arena_printf(call->arena, "%s?%.*s", call->url,
			     STR_FMT(call->query));
	http->headers = header_lines(signer, call, try);
	http->body = call->body;
	http->slice = call->slice;
	http->patient = call->patient;
	if (!http->url || !http->headers)
		return err_memory(err);
	return 0;
}

void aws_request_ask(struct aws_call *call, void (*done)(void *arg))
{
	static const char *const none[] = { NULL };
	struct http_request *http = &call->http;

	http->method = "HEAD";
	http->url = call->ask;
	http->headers = none;
	http->body = STR_NONE;
	http->slice = NULL;
	http->sink = NULL;
	http->done = done;
}
