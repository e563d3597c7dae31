/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* erand48 */
#include "aws.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "digest.h"
#include "version.h"

enum { BASE_MS = 50, BASE_DYNAMODB_MS = 25, TRIES = 3, TRIES_DYNAMODB = 4 };

struct aws {
	struct loop *loop;
	struct config *config;
	struct http *http;
	struct creds *creds;
	struct sigv4_key key;
	struct sigv4_signed made;
	struct retry_quota quota;
	long long clock_offset;		/* seconds to add to our clock */
	unsigned short random[3];
};

static void warn_all(void (*warn)(void *ctx, const char *line), void *ctx,
		     const char *const *lines)
{
	for (; lines && *lines; lines++)
		warn(ctx, *lines);
}

struct aws *aws_new(struct loop *loop, void (*warn)(void *ctx, const char *line),
		    void *ctx, struct err *err)
{
	struct aws *aws = calloc(1, sizeof(*aws));
	struct http_options options;
	struct timespec now;

	if (!aws) {
		err_set(err, "OutOfMemory", "out of memory");
		return NULL;
	}
	aws->loop = loop;
	sigv4_signed_init(&aws->made);
	retry_quota_init(&aws->quota);
	clock_gettime(CLOCK_MONOTONIC, &now);
	memcpy(aws->random, &now.tv_nsec, sizeof(aws->random));
	aws->config = config_load(err);
	if (!aws->config)
		goto fail;
	if (!aws->config->region.value.p) {
		err_set(err, "NoRegion", "no region: set AWS_REGION");
		goto fail;
	}
	options = (struct http_options){
		.connect_timeout = (long)aws->config->connect_timeout.value,
		.stall_timeout = (long)aws->config->stall_timeout.value,
		.ca = aws->config->ca.value.p,
		.user_agent = "s3ev/" S3EV_VERSION,
	};
	aws->http = http_new(loop, &options, err);
	if (!aws->http)
		goto fail;
	aws->creds = creds_new(aws->config, loop, aws->http, err);
	if (!aws->creds)
		goto fail;
	warn_all(warn, ctx, aws->config->warnings);
	return aws;
fail:
	aws_free(aws);
	return NULL;
}

void aws_free(struct aws *aws)
{
	if (!aws)
		return;
	creds_free(aws->creds);
	http_free(aws->http);
	config_free(aws->config);
	sigv4_key_wipe(&aws->key);
	sigv4_signed_free(&aws->made);
	free(aws);
}

const struct config *aws_config(const struct aws *aws)
{
	return aws->config;
}

void aws_header(struct aws_call *call, const char *name, struct str value)
{
	if (!value.p || call->n_headers == AWS_HEADERS_MAX)
		return;
	call->headers[call->n_headers++] =
		(struct sigv4_header){ str_of(name), value };
}

static void finish(struct aws_call *call)
{
	if (!err_is_set(&call->err))
		retry_quota_give(&call->aws->quota, call->last_retry);
	call->done(call->arg);
}

static void finish_later(void *arg)
{
	finish(arg);
}

/* The end of a call may not come from within aws_start(). */
static void give_up(struct aws_call *call)
{
	loop_timer_set(call->aws->loop, &call->timer, 0, finish_later, call);
}

/*
 * Host and path as they go out: the host with its port unless it is the
 * scheme's own, which no client sends.
 */
static void split_url(const char *url, struct str *host, struct str *path)
{
	bool tls = strncmp(url, "https:", 6) == 0;
	const char *start = strstr(url, "://") + 3;
	struct str port = tls ? STR(":443") : STR(":80");

	*host = (struct str){ start, strcspn(start, "/") };
	*path = str_of(start + host->n);
	if (str_has_suffix(*host, port))
		host->n -= port.n;
}

/* "Name: value" lines, NULL at the end; NULL if memory is out. */
static const char *const *header_lines(struct aws_call *call,
				       const struct creds_keys *keys)
{
	struct aws *aws = call->aws;
	const char **lines = arena_alloc(call->arena, (AWS_HEADERS_MAX + 4) *
						      sizeof(*lines));
	size_t n = 0;

	if (!lines)
		return NULL;
	for (size_t i = 0; i < call->n_headers; i++) {
		const struct sigv4_header *h = &call->headers[i];

		/* Without a value libcurl wants a semicolon. */
		lines[n++] = arena_printf(call->arena, "%.*s%s%.*s",
					  STR_FMT(h->name),
					  h->value.n > 0 ? ": " : ";",
					  STR_FMT(h->value));
	}
	lines[n++] = arena_printf(call->arena, "X-Amz-Date: %s",
				  aws->made.date);
	lines[n++] = arena_printf(call->arena, "Authorization: %.*s",
				  STR_FMT(buf_str(&aws->made.authorization)));
	if (keys->session_token.n > 0)
		lines[n++] = arena_printf(call->arena,
					  "X-Amz-Security-Token: %.*s",
					  STR_FMT(keys->session_token));
	for (size_t i = 0; i < n; i++)
		if (!lines[i])
			return NULL;
	return lines;
}

static int sign(struct aws_call *call, const struct creds_keys *keys,
		struct err *err)
{
	struct aws *aws = call->aws;
	struct sigv4_credentials credentials = {
		keys->access_key_id, keys->secret_access_key,
		keys->session_token,
	};
	struct sigv4_header headers[AWS_HEADERS_MAX + 1];
	struct sigv4_request request = {
		.method = str_of(call->method),
		.query = call->query,
		.headers = headers,
		.n_headers = call->n_headers + 1,
		.payload_hash = call->payload_hash,
		.region = call->region,
		.service = str_of(call->sign_service),
		.time = time(NULL) + (time_t)aws->clock_offset,
		.credentials = &credentials,
		.flags = call->service == CONFIG_S3 ? 0 :
			 SIGV4_NORMALIZE_PATH | SIGV4_ENCODE_PATH,
	};

	memcpy(headers, call->headers, call->n_headers * sizeof(*headers));
	headers[call->n_headers].name = STR("host");
	split_url(call->url, &headers[call->n_headers].value, &request.path);
	return sigv4_sign(&aws->made, &aws->key, &request, err);
}

static void on_answer(void *arg);

static int on_bytes(void *arg, const char *bytes, size_t n)
{
	struct aws_call *call = arg;

	return call->sink(call->arg, bytes, n);
}

static int send_try(struct aws_call *call, const struct creds_keys *keys)
{
	struct http_request *http = &call->http;

	if (sign(call, keys, &call->err) < 0)
		return -1;
	http->method = call->method;
	http->url = call->query.n == 0 ? call->url :
		arena_printf(call->arena, "%s?%.*s", call->url,
			     STR_FMT(call->query));
	http->headers = header_lines(call, keys);
	http->body = call->body;
	http->sink = call->sink ? on_bytes : NULL;
	http->done = on_answer;
	http->arg = call;
	call->used_key_id = arena_dup(call->arena, keys->access_key_id);
	if (!http->url || !http->headers || !call->used_key_id.p)
		return err_set(&call->err, "OutOfMemory", "out of memory");
	return http_start(call->aws->http, http, &call->err);
}

static void on_keys(void *arg, const struct creds_keys *keys,
		    const struct err *err)
{
	struct aws_call *call = arg;

	if (!keys)
		call->err = *err;
	if (!keys || send_try(call, keys) < 0)
		give_up(call);
}

static void try_now(void *arg)
{
	struct aws_call *call = arg;

	memset(&call->err, 0, sizeof(call->err));
	call->tries++;
	call->wait.fn = on_keys;
	call->wait.arg = call;
	creds_get(call->aws->creds, &call->wait);
}

void aws_start(struct aws *aws, struct aws_call *call)
{
	unsigned char sum[DIGEST_SHA256_SIZE];
	char hex[DIGEST_HEX_SIZE(DIGEST_SHA256_SIZE)];

	http_init(&call->http);
	call->aws = aws;
	call->tries = 0;
	call->last_retry = RETRY_NEVER;
	call->mended_clock = call->mended_keys = false;
	digest_sha256(call->body.p, call->body.n, sum);
	digest_hex(hex, sum, sizeof(sum));
	call->payload_hash = arena_dup(call->arena, str_of(hex));
	if (!call->payload_hash.p) {
		err_set(&call->err, "OutOfMemory", "out of memory");
		give_up(call);
		return;
	}
	if (call->service == CONFIG_S3)
		aws_header(call, "x-amz-content-sha256", call->payload_hash);
	try_now(call);
}

void aws_fail(struct aws *aws, struct aws_call *call, const struct err *err)
{
	http_init(&call->http);
	call->aws = aws;
	call->err = *err;
	give_up(call);
}

void aws_cancel(struct aws_call *call)
{
	if (!call->aws)
		return;
	creds_cancel(&call->wait);
	loop_timer_stop(&call->timer);
	http_cancel(&call->http);
}

void aws_call_free(struct aws_call *call)
{
	if (!call->aws)
		return;
	aws_cancel(call);
	http_request_free(&call->http);
	call->aws = NULL;
}

/* Trying again */

static bool can_repeat(const struct aws_call *call)
{
	return call->http.sunk == 0 ||
	       (call->rewind && call->rewind(call->arg) == 0);
}

static bool is_expired(const char *code)
{
	return strcmp(code, "ExpiredToken") == 0 ||
	       strcmp(code, "ExpiredTokenException") == 0 ||
	       strcmp(code, "TokenRefreshRequired") == 0;
}

static bool is_skewed(const char *code)
{
	return strcmp(code, "RequestTimeTooSkewed") == 0 ||
	       strcmp(code, "RequestExpired") == 0 ||
	       strcmp(code, "RequestInTheFuture") == 0;
}

/* What can be put right is put right once, and the request repeated. */
static bool mend(struct aws_call *call)
{
	struct aws *aws = call->aws;

	if (is_expired(call->err.code) && !call->mended_keys) {
		call->mended_keys = true;
		creds_refuse(aws->creds, call->used_key_id);
		return true;
	}
	if (is_skewed(call->err.code) && !call->mended_clock) {
		long long theirs = http_date(&call->http);

		if (theirs < 0)
			return false;
		call->mended_clock = true;
		aws->clock_offset = theirs - (long long)time(NULL);
		return true;
	}
	return false;
}

static unsigned tries_of(const struct aws_call *call)
{
	unsigned long set = call->aws->config->max_attempts.value;

	if (set > 0)
		return (unsigned)set;
	return call->service == CONFIG_DYNAMODB ? TRIES_DYNAMODB : TRIES;
}

static void retry_or_finish(struct aws_call *call)
{
	struct aws *aws = call->aws;
	enum retry_class class = retry_class(&call->err);
	unsigned long base = call->service == CONFIG_DYNAMODB ?
			     BASE_DYNAMODB_MS : BASE_MS;

	call->err.retry = class != RETRY_NEVER;
	if (class == RETRY_NEVER || call->tries >= tries_of(call) ||
	    !can_repeat(call) || !retry_quota_take(&aws->quota, class)) {
		finish(call);
		return;
	}
	call->last_retry = class;
	loop_timer_set(aws->loop, &call->timer,
		       retry_delay(class, call->tries, base,
				   erand48(aws->random)), try_now, call);
}

static void on_answer(void *arg)
{
	struct aws_call *call = arg;

	if (err_is_set(&call->http.err))
		call->err = call->http.err;
	else if (call->judge(call, &call->err) == 0)
		call->err.code[0] = '\0';
	if (!err_is_set(&call->err)) {
		finish(call);
	} else if (mend(call) && can_repeat(call)) {
		call->tries--;
		try_now(call);
	} else {
		retry_or_finish(call);
	}
}
