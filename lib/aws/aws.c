/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* erand48 */
#include "aws/aws.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws/aws_request.h"
#include "aws/gate.h"
#include "base/clock.h"
#include "base/version.h"
#include "http/http_head.h"

enum { BASE_MS = 50, BASE_DYNAMODB_MS = 25, TRIES = 3, TRIES_DYNAMODB = 4,
       DAY = 24 * 3600 };

struct aws {
	struct loop *loop;
	struct config *config;
	struct http *http;
	struct creds *creds;
	struct aws_request_signer signer;
	struct retry_quota quota;
	struct region_table regions;
	struct gate gate;
	long long clock_offset;		/* seconds to add to our clock */
	unsigned short random[3];
	struct aws_linger *lingering;
	struct aws_counts counts;
};

static void warn_all(void (*warn)(void *ctx, const char *line), void *ctx,
		     const char *const *lines)
{
	for (; lines && *lines; lines++)
		warn(ctx, *lines);
}

struct aws *aws_new(struct loop *loop, const struct config_choice *choice,
		    void (*warn)(void *ctx, const char *line), void *ctx,
		    struct err *err)
{
	struct aws *aws = calloc(1, sizeof(*aws));
	struct http_options options;

	if (!aws) {
		err_memory(err);
		return NULL;
	}
	aws->loop = loop;
	retry_quota_init(&aws->quota);
	gate_init(&aws->gate, loop);
	aws->config = config_load(choice, err);
	if (!aws->config || aws_request_signer_init(&aws->signer, err) < 0 ||
	    aws_request_random(aws->random, sizeof(aws->random), err) < 0)
		goto fail;
	if (!aws->config->region.value.p) {
		err_set(err, ERR_NO_REGION, "no region: set AWS_REGION");
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

/* Let lingering work end, but not for ever. */
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
	aws_request_signer_free(&aws->signer);
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
	gate_limit(&aws->gate, max, say, ctx);
}

struct aws_counts aws_counts(const struct aws *aws)
{
	return aws->counts;
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

/* aws_start() may not call done itself, so the loop does it. */
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
	call->used_offset = aws->clock_offset;
	call->used_key_id = arena_dup(call->arena, keys->access_key_id);
	if (!call->used_key_id.p)
		return err_memory(&call->err);
	http->sink = call->sink ? on_bytes : NULL;
	http->done = on_answer;
	http->arg = call;
	gate_sent(&aws->gate, &call->turn);
	aws->counts.requests++;
	aws->counts.retries += call->sent;
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

/* Sign and send, for the first time or again. */
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

void aws_start(struct aws *aws, struct aws_call *call)
{
	http_init(&call->http);
	if (call->answer_max > 0)
		call->http.body_in.max = call->answer_max;
	call->aws = aws;
	call->tries = 0;
	call->last_retry = RETRY_NEVER;
	call->mended_clock = call->mended_keys = call->mended_line = false;
	call->redirected = call->asked = call->sent = false;
	call->ask = NULL;
	call->turn = (struct gate_turn){ .go = try_now, .arg = call };
	if (aws_request_prepare(&aws->signer, call, &call->err) < 0)
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

static bool is_expired(const struct err *err)
{
	return err_is(err, "ExpiredToken") ||
	       err_is(err, "ExpiredTokenException") ||
	       err_is(err, "TokenRefreshRequired");
}

/* Are there other keys? */
static bool mend_keys(struct aws_call *call,
		      bool (*are_wrong)(struct creds *creds, struct str id))
{
	if (call->mended_keys)
		return false;
	call->mended_keys = true;
	return are_wrong(call->aws->creds, call->used_key_id);
}

/*
 * DynamoDB, SQS and STS call it a wrong signature, and to HEAD S3 gives a
 * status alone: there the date of the answer decides.  It is held against what
 * this request was signed for: others may have put the clock right meanwhile.
 */
static bool is_skewed(const struct aws_call *call)
{
	const struct err *err = &call->err;
	long long off;

	if (err_is(err, "RequestTimeTooSkewed") ||
	    err_is(err, "RequestExpired") || err_is(err, "RequestInTheFuture"))
		return true;
	if (!err_is(err, "InvalidSignatureException") &&
	    !err_is(err, "SignatureDoesNotMatch") &&
	    (err->status != 403 || strcmp(call->http.method, "HEAD") != 0))
		return false;
	return http_head_clock(&call->http, &off) &&
	       llabs(off - call->used_offset) > HTTP_CLOCK_BORNE;
}

/* "25 min behind", if off is what must be added to our clock. */
static void explain_clock(struct err *err, long long off)
{
	static const struct { long long seconds; const char *name; } units[] = {
		{ DAY, "days" }, { 3600, "h" }, { 60, "min" }, { 1, "s" }
	};
	long long n = off < 0 ? -off : off;
	struct err was = *err;
	size_t i = 0;

	while (units[i].seconds > 1 && n < 2 * units[i].seconds)
		i++;
	err_set(err, was.code, "%s; the clock of this machine is %lld %s %s "
		"the server's", was.message, n / units[i].seconds,
		units[i].name, off < 0 ? "ahead of" : "behind");
	memcpy(err->request_id, was.request_id, sizeof(was.request_id));
	err->status = was.status;
	err->retry = was.retry;
}

/*
 * Go by the server's clock, if the server is surely the one that was asked, and
 * ours is not so wrong that a person should look.
 */
static bool mend_clock(struct aws_call *call)
{
	long long off;

	if (!http_head_clock(&call->http, &off))
		return false;
	if (call->mended_clock || llabs(off) > HTTP_CLOCK_MAX ||
	    !str_has_prefix(str_of(call->http.url), STR("https://"))) {
		explain_clock(&call->err, off);
		return false;
	}
	call->mended_clock = true;
	call->aws->clock_offset = off;
	return true;
}

/* Put right what can be, each cause once.  True: send the request again. */
static bool mend(struct aws_call *call)
{
	if (is_expired(&call->err) && mend_keys(call, creds_refuse))
		return true;
	/* S3 also says so of a token that is not for this region. */
	if (err_is(&call->err, "InvalidToken") && mend_keys(call, creds_doubt))
		return true;
	if (is_skewed(call))
		return mend_clock(call);
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

/*
 * Tell the gate.  A transport error or a 5xx says nothing about the load, so
 * it counts neither for nor against the limit.
 */
static void adapt(struct aws_call *call, enum retry_class class)
{
	struct gate *gate = &call->aws->gate;

	call->aws->counts.throttles += class == RETRY_THROTTLED;
	if (class == RETRY_THROTTLED)
		gate_throttled(gate, &call->turn);
	else if (class == RETRY_NEVER && call->http.status > 0)
		gate_clean(gate);
}

/*
 * The delay is over.  If the limit was cut meanwhile and too many requests are
 * under way, this one waits in line again.
 */
static void try_again(void *arg)
{
	struct aws_call *call = arg;
	struct gate *gate = &call->aws->gate;

	if (!gate_is_over(gate)) {
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

	if (class == RETRY_THROTTLED && ms < gate_pause_ms(&aws->gate))
		ms = gate_pause_ms(&aws->gate);
	return retry_after(ms, http_head_value(&call->http,
					       "x-amz-retry-after"));
}

/* Keep the last error's text: it explains why we wanted to retry. */
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

	call->err.retry = call->err.retry || class != RETRY_NEVER;
	if (class == RETRY_NEVER || call->tries >= tries_of(call) ||
	    !can_repeat(call) || !retry_quota_take(&aws->quota, class)) {
		if (class == RETRY_THROTTLED)
			gate_gave_up(&aws->gate);
		finish(call);
		return;
	}
	ms = delay(call, class);
	if (ms >= clock_left(call->deadline)) {
		fail_late(call);
		return;
	}
	call->last_retry = class;
	if (class == RETRY_THROTTLED && call->tries + 1 == tries_of(call))
		gate_urgent(&aws->gate, &call->turn);
	loop_timer_set(aws->loop, &call->timer, ms, try_again, call);
}

/* A HEAD that failed for a reason that may pass can be sent again, too. */
static enum retry_class class_of_head(const struct aws_call *call)
{
	struct err err = call->http.err;

	if (!err_is_set(&err))
		err.status = call->http.status;
	return retry_class(&err);
}

/* The HEAD was answered: does it say where the request belongs? */
static void on_told(void *arg)
{
	struct aws_call *call = arg;
	enum retry_class class = class_of_head(call);

	call->redirected = call->redirect(call);
	if (call->redirected && can_repeat(call)) {
		send(call);
		return;
	}
	call->asked = class == RETRY_NEVER;
	/* Whoever looks at the status means that of the request. */
	call->http.status = call->err.status;
	retry_or_finish(call, class);
}

static void ask(struct aws_call *call)
{
	call->asked = true;
	aws_request_ask(call, on_told);
	call->aws->counts.requests++;
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
