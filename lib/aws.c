/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* erand48 */
#include "aws.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws_request.h"
#include "deadline.h"
#include "gate.h"
#include "version.h"

enum { BASE_MS = 50, BASE_DYNAMODB_MS = 25, TRIES = 3, TRIES_DYNAMODB = 4 };

struct aws {
	struct loop *loop;
	struct config *config;
	struct http *http;
	struct creds *creds;
	struct aws_signer signer;
	struct retry_quota quota;
	struct region_table regions;
	struct gate gate;
	long long clock_offset;		/* seconds to add to our clock */
	unsigned short random[3];
	struct aws_linger *lingering;
	unsigned long long requests, retries, throttles;
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

	if (!aws) {
		err_set(err, "OutOfMemory", "out of memory");
		return NULL;
	}
	aws->loop = loop;
	retry_quota_init(&aws->quota);
	gate_init(&aws->gate, loop);
	aws->config = config_load(err);
	if (!aws->config || aws_signer_init(&aws->signer, err) < 0 ||
	    aws_request_random(aws->random, sizeof(aws->random), err) < 0)
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

void aws_linger(struct aws *aws, struct aws_linger *linger,
		void (*release)(void *arg), void *arg)
{
	linger->release = release;
	linger->arg = arg;
	linger->link = &aws->lingering;
	linger->next = aws->lingering;
	if (linger->next)
		linger->next->link = &linger->next;
	aws->lingering = linger;
}

void aws_linger_end(struct aws_linger *linger)
{
	*linger->link = linger->next;
	if (linger->next)
		linger->next->link = linger->link;
}

static void on_time_up(void *arg)
{
	*(bool *)arg = true;
}

static void settle(struct aws *aws)
{
	struct loop_timer timer = { 0 };
	bool over = false;

	if (!aws->lingering)
		return;
	loop_timer_set(aws->loop, &timer, AWS_LINGER_MS, on_time_up, &over);
	while (aws->lingering && !over && loop_turn(aws->loop) == 0)
		;
	loop_timer_stop(&timer);
	while (aws->lingering) {
		struct aws_linger *linger = aws->lingering;

		aws_linger_end(linger);
		linger->release(linger->arg);
	}
}

void aws_free(struct aws *aws)
{
	if (!aws)
		return;
	settle(aws);
	creds_free(aws->creds);
	http_free(aws->http);
	config_free(aws->config);
	gate_free(&aws->gate);
	aws_signer_free(&aws->signer);
	free(aws);
}

const struct config *aws_config(const struct aws *aws)
{
	return aws->config;
}

struct region_table *aws_regions(struct aws *aws)
{
	return &aws->regions;
}

void aws_pace(struct aws *aws, unsigned max,
	      void (*say)(void *ctx, const char *line), void *ctx)
{
	pace_init(&aws->gate.pace, max);
	aws->gate.say = say;
	aws->gate.ctx = ctx;
}

void aws_count(const struct aws *aws, struct stats *stats)
{
	stats->requests = aws->requests;
	stats->retries = aws->retries;
	stats->throttles = aws->throttles;
}

void aws_header(struct aws_call *call, const char *name, struct str value)
{
	if (!value.p || call->n_headers == AWS_HEADERS_MAX)
		return;
	call->headers[call->n_headers++] =
		(struct sigv4_header){ str_of(name), value };
}

void aws_header_set(struct aws_call *call, const char *name, struct str value)
{
	for (size_t i = 0; i < call->n_headers; i++) {
		if (!str_is(call->headers[i].name, name))
			continue;
		call->headers[i].value = value;
		return;
	}
	aws_header(call, name, value);
}

static void finish(struct aws_call *call)
{
	struct aws *aws = call->aws;

	if (!err_is_set(&call->err))
		retry_quota_give(&aws->quota, call->last_retry);
	gate_leave(&aws->gate, &call->turn);
	call->done(call->arg);
	gate_admit(&aws->gate);
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

static void on_answer(void *arg);

static int on_bytes(void *arg, const char *bytes, size_t n)
{
	struct aws_call *call = arg;

	return call->sink(call->arg, bytes, n);
}

static unsigned tries_of(const struct aws_call *call)
{
	unsigned long set = call->aws->config->max_attempts.value;

	if (set > 0)
		return (unsigned)set;
	return call->service == CONFIG_DYNAMODB ? TRIES_DYNAMODB : TRIES;
}

static int send_try(struct aws_call *call, const struct creds_keys *keys)
{
	struct aws *aws = call->aws;
	struct http_request *http = &call->http;
	struct aws_try try = {
		.time = time(NULL) + (time_t)aws->clock_offset,
		.number = call->tries,
		.max = tries_of(call),
		.keys = keys,
	};

	if (aws_request_make(&aws->signer, call, &try, &call->err) < 0)
		return -1;
	call->used_key_id = arena_dup(call->arena, keys->access_key_id);
	if (!call->used_key_id.p)
		return err_set(&call->err, "OutOfMemory", "out of memory");
	http->sink = call->sink ? on_bytes : NULL;
	http->done = on_answer;
	http->arg = call;
	gate_sent(&aws->gate, &call->turn);
	aws->requests++;
	aws->retries += call->sent;
	call->sent = true;
	return http_start(aws->http, http, &call->err);
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

/* Once more, or for the first time. */
static void send(struct aws_call *call)
{
	memset(&call->err, 0, sizeof(call->err));
	call->wait.fn = on_keys;
	call->wait.arg = call;
	creds_get(call->aws->creds, &call->wait);
}

static void try_now(void *arg)
{
	struct aws_call *call = arg;

	call->tries++;
	send(call);
}

void aws_call_for(struct aws_call *call, const struct record *record,
		  struct arena *arena)
{
	call->arena = arena;
	call->deadline = record->deadline;
	call->trace = record->trace;
}

void aws_start(struct aws *aws, struct aws_call *call)
{
	http_init(&call->http);
	call->aws = aws;
	call->tries = 0;
	call->last_retry = RETRY_NEVER;
	call->mended_clock = call->mended_keys = call->mended_line = false;
	call->redirected = call->asked = call->sent = false;
	call->ask = NULL;
	call->turn = (struct gate_turn){ .go = try_now, .arg = call };
	if (aws_request_prepare(call, &call->err) < 0)
		give_up(call);
	else
		gate_enter(&aws->gate, &call->turn);
}

void aws_fail(struct aws *aws, struct aws_call *call, const struct err *err)
{
	http_init(&call->http);
	call->aws = aws;
	call->turn = (struct gate_turn){ .arg = call };
	call->err = *err;
	give_up(call);
}

void aws_cancel(struct aws_call *call)
{
	bool was_inside = call->turn.inside;

	if (!call->aws)
		return;
	creds_cancel(&call->wait);
	loop_timer_stop(&call->timer);
	http_cancel(&call->http);
	gate_leave(&call->aws->gate, &call->turn);
	if (was_inside)
		gate_admit_later(&call->aws->gate);
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
	if (call->http.stale && !call->mended_line) {
		call->mended_line = true;
		return true;
	}
	if (call->http.status == 417 && !call->http.unasked) {
		call->http.unasked = true;
		return true;
	}
	if (call->redirect && !call->redirected) {
		call->redirected = call->redirect(call);
		return call->redirected;
	}
	return false;
}

/* What a transport error or a 5xx means for the load, nobody knows. */
static void adapt(struct aws_call *call, enum retry_class class)
{
	struct gate *gate = &call->aws->gate;

	call->aws->throttles += class == RETRY_THROTTLED;
	if (class == RETRY_THROTTLED)
		gate_throttled(gate, &call->turn);
	else if (class == RETRY_NEVER && call->http.status > 0)
		gate_clean(gate);
}

/* After its delay: those that are too many by now stand in line again. */
static void try_again(void *arg)
{
	struct aws_call *call = arg;
	struct gate *gate = &call->aws->gate;

	if (!pace_is_over(&gate->pace)) {
		try_now(call);
		return;
	}
	gate_leave(gate, &call->turn);
	gate_enter(gate, &call->turn);
}

static unsigned long delay(struct aws_call *call, enum retry_class class)
{
	struct aws *aws = call->aws;
	unsigned long base = call->service == CONFIG_DYNAMODB ?
			     BASE_DYNAMODB_MS : BASE_MS;
	unsigned long ms = retry_delay(class, call->tries, base,
				       erand48(aws->random));

	if (class == RETRY_THROTTLED && ms < aws->gate.pace.pause_ms)
		ms = aws->gate.pace.pause_ms;
	return retry_after(ms, http_header(&call->http, "x-amz-retry-after"));
}

/* The last answer goes into the message: it is why there was no other. */
static void fail_late(struct aws_call *call)
{
	struct err last = call->err;

	err_set(&call->err, "DeadlineExceeded",
		"no time for another try before the deadline; the last: %s: %s",
		last.code, last.message);
	memcpy(call->err.request_id, last.request_id, sizeof(last.request_id));
	call->err.retry = true;
	finish(call);
}

static void retry_or_finish(struct aws_call *call, enum retry_class class)
{
	struct aws *aws = call->aws;
	unsigned long ms;

	call->err.retry = class != RETRY_NEVER;
	if (class == RETRY_NEVER || call->tries >= tries_of(call) ||
	    !can_repeat(call) || !retry_quota_take(&aws->quota, class)) {
		if (class == RETRY_THROTTLED)
			pace_gave_up(&aws->gate.pace);
		finish(call);
		return;
	}
	ms = delay(call, class);
	if (ms >= deadline_left(call->deadline)) {
		fail_late(call);
		return;
	}
	call->last_retry = class;
	if (class == RETRY_THROTTLED && call->tries + 1 == tries_of(call))
		gate_urgent(&aws->gate, &call->turn);
	loop_timer_set(aws->loop, &call->timer, ms, try_again, call);
}

static void on_told(void *arg)
{
	struct aws_call *call = arg;

	call->redirected = call->redirect(call);
	if (call->redirected && can_repeat(call))
		send(call);
	else
		retry_or_finish(call, RETRY_NEVER);
}

static void ask(struct aws_call *call)
{
	call->asked = true;
	aws_request_ask(call, on_told);
	call->aws->requests++;
	if (http_start(call->aws->http, &call->http, &call->err) < 0)
		finish(call);
}

static void on_answer(void *arg)
{
	struct aws_call *call = arg;
	enum retry_class class = RETRY_NEVER;

	if (err_is_set(&call->http.err))
		call->err = call->http.err;
	else if (call->judge(call, &call->err) == 0)
		call->err.code[0] = '\0';
	if (err_is_set(&call->err))
		class = retry_class(&call->err);
	adapt(call, class);
	if (!err_is_set(&call->err))
		finish(call);
	else if (mend(call) && can_repeat(call))
		send(call);
	else if (call->ask && !call->asked)
		ask(call);
	else
		retry_or_finish(call, class);
}
