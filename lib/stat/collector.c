/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/collector.h"

#include <stdlib.h>
#include <string.h>

#include "aws/aws.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/version.h"
#include "config/config.h"
#include "format/url.h"
#include "http/http.h"
#include "http/http_head.h"
#include "http/retry.h"
#include "stat/otlp.h"

enum { TIMEOUT_MS = 10000, TIMEOUT_MAX_MS = 600000, HEADERS_MAX = 32,
       TEXT_MAX = 64 << 10, SAID_MAX = 200, RETRY_AFTER_MAX_S = 24 * 3600 };

struct collector {
	struct collector_options options;
	struct arena arena;		/* for what lasts */
	const char *url;
	unsigned long timeout;		/* ms */
	const char *headers[HEADERS_MAX + 1];

	struct buf waiting;		/* the next body; empty: none */
	struct buf body;		/* the one on its way */
	struct arena work;		/* for that one */
	bool is_busy;
	bool is_failing;		/* the last one was not taken */
	bool has_warned, is_partial;	/* the last one was taken so */
	struct loop_timer timer;	/* the next try, or that time is up */
	uint64_t not_before, deadline;	/* loop_now() */

	struct config *config;		/* for a plain one, */
	struct http *http;
	struct http_request request;
	unsigned tries;

	struct aws *aws;		/* and these for CloudWatch */
	struct str region;
	struct aws_call call;
};

/* Settings */

/* A variable as it is for metrics, or else for all signals. */
static const char *setting(const char *of_metrics, const char *of_all)
{
	const char *value = getenv(of_metrics);

	if (!value || !*value)
		value = getenv(of_all);
	return value && *value ? value : NULL;
}

#define SETTING(name) \
	setting("OTEL_EXPORTER_OTLP_METRICS_" name, "OTEL_EXPORTER_OTLP_" name)

bool collector_is_set(void)
{
	return SETTING("ENDPOINT") != NULL;
}

static int wrong(struct err *err, const char *what, const char *value)
{
	return err_set(err, "InvalidConfig", "%s: %s", what, value);
}

/*
 * The endpoint for all signals is a base, that for metrics a whole URL.  What
 * somebody types is one or the other.
 */
static int set_url(struct collector *c, struct err *err)
{
	const char *given = c->options.url;
	const char *whole = getenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT");
	struct str text;
	bool is_base;
	struct url url;

	is_base = !given && !(whole && *whole);
	if (!given)
		given = SETTING("ENDPOINT");
	text = str_of(given);
	if (!given || !url_split(text, &url) || !url_is_plain(&url))
		return wrong(err, "not the URL of a collector",
			     given ? given : "none");
	is_base |= url.path.n == 0 || str_is(url.path, "/");
	if (is_base)
		text = str_trim_end(text, "/");
	c->url = arena_printf(&c->arena, "%.*s%s", STR_FMT(text),
			      is_base ? "/v1/metrics" : "");
	return c->url ? 0 : err_memory(err);
}

/* monitoring.REGION.amazonaws.com, or .com.cn */
static struct str cloudwatch_region(const char *text)
{
	struct str rest, name;
	struct url url;

	if (!url_split(str_of(text), &url))
		return STR_NONE;
	rest = url.host;
	name = str_next(&rest, '.');
	if (!str_is(name, "monitoring") && !str_is(name, "monitoring-fips"))
		return STR_NONE;
	name = str_next(&rest, '.');
	return str_is(rest, "amazonaws.com") ||
	       str_is(rest, "amazonaws.com.cn") ? name : STR_NONE;
}

static int set_timeout(struct collector *c, struct err *err)
{
	const char *text = SETTING("TIMEOUT");
	unsigned long long ms = TIMEOUT_MS;

	if (text && (str_number(str_of(text), &ms) < 0 || ms < 1 ||
		     ms > TIMEOUT_MAX_MS))
		return wrong(err, "OTEL_EXPORTER_OTLP_TIMEOUT is not 1 to "
			     "600000 ms", text);
	c->timeout = (unsigned long)ms;
	return 0;
}

static int check_protocol(struct err *err)
{
	const char *protocol = SETTING("PROTOCOL");

	if (protocol && strncmp(protocol, "grpc", 4) == 0)
		return wrong(err, "only http/json is spoken, not what "
			     "OTEL_EXPORTER_OTLP_PROTOCOL says", protocol);
	return 0;
}

/* Nobody else's header may come in by a line of its own. */
static int set_headers(struct collector *c, struct err *err)
{
	struct str rest = str_of(SETTING("HEADERS"));
	char *room = arena_alloc(&c->arena, rest.n + 1);
	struct str_pair pair;
	size_t n = 0;
	int more;

	c->headers[n++] = "Content-Type: application/json";
	while (room && (more = otlp_next_pair(&rest, room, &pair)) != 0) {
		if (more < 0 || n == HEADERS_MAX || !str_is_visible(pair.name) ||
		    memchr(pair.name.p, ':', pair.name.n) ||
		    str_has_control(pair.value))
			return wrong(err, "OTEL_EXPORTER_OTLP_HEADERS",
				     "not name=value, ... with what may stand "
				     "in headers");
		c->headers[n] = arena_printf(&c->arena, "%.*s: %.*s",
					     STR_FMT(pair.name),
					     STR_FMT(pair.value));
		if (!c->headers[n++])
			return err_memory(err);
	}
	return room ? 0 : err_memory(err);
}

static int open_plain(struct collector *c, struct err *err)
{
	struct http_options options = {
		.connect_timeout = (long)(c->timeout + 999) / 1000,
		.ca = SETTING("CERTIFICATE"),
		.user_agent = "s3ev/" S3EV_VERSION,
	};

	c->config = config_load(NULL, err);
	if (!c->config)
		return -1;
	if (!options.ca)
		options.ca = c->config->ca.value.p;
	c->http = http_new(c->options.loop, &options, err);
	return c->http ? 0 : -1;
}

static int open_cloudwatch(struct collector *c, struct err *err)
{
	c->aws = c->options.aws(c->options.ctx, err);
	if (!c->aws)
		return -1;
	if (!c->region.p)
		c->region = aws_config(c->aws)->region.value;
	return 0;
}

struct collector *collector_new(const struct collector_options *options,
				struct err *err)
{
	struct collector *c = calloc(1, sizeof(*c));

	if (!c) {
		err_memory(err);
		return NULL;
	}
	c->options = *options;
	arena_init(&c->arena, TEXT_MAX);
	arena_init(&c->work, TEXT_MAX);
	buf_init(&c->waiting, OTLP_MAX);
	buf_init(&c->body, OTLP_MAX);
	http_init(&c->request);
	if (set_url(c, err) < 0 || set_timeout(c, err) < 0 ||
	    check_protocol(err) < 0 || set_headers(c, err) < 0)
		goto fail;
	c->region = cloudwatch_region(c->url);
	if (c->region.p || options->sigv4 ? open_cloudwatch(c, err) < 0 :
					    open_plain(c, err) < 0)
		goto fail;
	return c;
fail:
	collector_free(c);
	return NULL;
}

static void stop(struct collector *c)
{
	loop_timer_stop(&c->timer);
	aws_call_free(&c->call);
	http_cancel(&c->request);
	http_request_free(&c->request);
	http_init(&c->request);
	arena_reset(&c->work);
	c->is_busy = false;
}

void collector_free(struct collector *c)
{
	if (!c)
		return;
	stop(c);
	http_free(c->http);
	config_free(c->config);
	buf_free(&c->waiting);
	buf_free(&c->body);
	arena_free(&c->work);
	arena_free(&c->arena);
	free(c);
}

/* The end of a body */

static void begin(struct collector *c);

static void say(struct collector *c, const char *what, struct str text)
{
	text.n = str_cut_utf8(text, SAID_MAX);
	diag_report(c->options.report, c->options.ctx, what, text);
}

static void end(struct collector *c, const struct err *err)
{
	struct buf text;

	if (err && !c->is_failing) {
		buf_init(&text, TEXT_MAX);
		buf_printf(&text, "%s: %s", err->code, err->message);
		say(c, "metrics were not taken: ", buf_str(&text));
		buf_free(&text);
	}
	c->is_failing = err != NULL;
	stop(c);
	if (c->waiting.n > 0)
		begin(c);
}

/*
 * Some of the points may have been refused, which no other try would change, or
 * the collector warns of something.
 */
static void take_answer(struct collector *c, const struct http_request *http)
{
	struct otlp_answer answer = otlp_answer(buf_str(&http->body_in),
						&c->work);
	bool has_warned = !answer.is_partial && answer.message.n > 0;

	if (answer.is_partial && !c->is_partial)
		say(c, "some metrics were not taken: ", answer.message);
	else if (has_warned && !c->has_warned)
		say(c, "metrics were taken, but: ", answer.message);
	c->is_partial = answer.is_partial;
	c->has_warned = has_warned;
	end(c, NULL);
}

/* What is wrong with an answer; 0 if nothing is. */
static int judge_answer(const struct http_request *http, struct err *err)
{
	struct str body = buf_str(&http->body_in);

	if (err_is_set(&http->err)) {
		*err = http->err;
		return -1;
	}
	if (http->status >= 200 && http->status <= 299)
		return 0;
	body.n = str_cut_utf8(body, SAID_MAX);
	err_set(err, "HTTPError", "status %ld: %.*s", http->status,
		STR_FMT(body));
	err->status = http->status;
	return -1;
}

static bool is_worth_another(const struct err *err)
{
	return err->status == 429 || err->status == 502 ||
	       err->status == 503 || err->status == 504 ||
	       (err->status == 0 && err->retry);
}

/* A plain collector */

static void send_plain(void *arg);

static uint64_t retry_after_ms(const struct collector *c)
{
	struct str text = http_head_value(&c->request, "Retry-After");
	unsigned long long seconds;

	if (str_number(text, &seconds) < 0)
		return 0;
	return (seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S) *
	       1000;
}

/* Chance keeps many of us from coming back at the same moment. */
static uint64_t delay_ms(const struct collector *c)
{
	double chance = (double)(clock_us() % 1000) / 1000;

	return retry_delay(RETRY_THROTTLED, c->tries, 1000, chance);
}

static void on_plain(void *arg)
{
	struct collector *c = arg;
	uint64_t now = loop_now(c->options.loop), wait;
	struct err err;

	if (judge_answer(&c->request, &err) == 0) {
		take_answer(c, &c->request);
		return;
	}
	if (!is_worth_another(&err)) {
		end(c, &err);
		return;
	}
	wait = retry_after_ms(c);
	c->not_before = now + (wait > 0 ? wait : delay_ms(c));
	if (c->not_before >= c->deadline)
		end(c, &err);
	else
		loop_timer_set(c->options.loop, &c->timer, c->not_before - now,
			       send_plain, c);
}

static void on_time_up(void *arg)
{
	struct collector *c = arg;
	struct err err;

	err_set(&err, "Timeout", "no answer within %lu ms", c->timeout);
	end(c, &err);
}

static void send_plain(void *arg)
{
	struct collector *c = arg;
	uint64_t now = loop_now(c->options.loop);
	struct err err;

	http_request_free(&c->request);
	http_init(&c->request);
	c->tries++;
	c->request.method = "POST";
	c->request.url = c->url;
	c->request.headers = c->headers;
	c->request.body = buf_str(&c->body);
	c->request.done = on_plain;
	c->request.arg = c;
	loop_timer_set(c->options.loop, &c->timer,
		       c->deadline > now ? c->deadline - now : 0, on_time_up,
		       c);
	if (http_start(c->http, &c->request, &err) < 0)
		end(c, &err);
}

/* CloudWatch */

static int judge(struct aws_call *call, struct err *err)
{
	return judge_answer(&call->http, err);
}

static void on_cloudwatch(void *arg)
{
	struct collector *c = arg;

	if (err_is_set(&c->call.err)) {
		struct err err = c->call.err;

		end(c, &err);
	} else {
		take_answer(c, &c->call.http);
	}
}

static void send_cloudwatch(struct collector *c)
{
	struct aws_call *call = &c->call;

	*call = (struct aws_call){
		.service = CONFIG_SQS, /* signed as all are but S3 */
		.sign_service = "monitoring", .region = c->region,
		.method = "POST", .url = c->url, .body = buf_str(&c->body),
		.arena = &c->work, .judge = judge, .done = on_cloudwatch,
		.arg = c,
		.deadline = clock_now() + c->timeout,
	};
	aws_call_header(call, "Content-Type", STR("application/json"));
	aws_start(c->aws, call);
	loop_timer_set(c->options.loop, &c->timer, c->timeout, on_time_up, c);
}

/* Sending */

static void begin(struct collector *c)
{
	uint64_t now = loop_now(c->options.loop);
	struct buf body = c->body;

	c->body = c->waiting;
	c->waiting = body;
	buf_reset(&c->waiting);
	c->is_busy = true;
	c->tries = 0;
	c->deadline = now + c->timeout;
	if (c->aws)
		send_cloudwatch(c);
	else if (c->not_before <= now)
		send_plain(c);
	else if (c->not_before < c->deadline)
		loop_timer_set(c->options.loop, &c->timer, c->not_before - now,
			       send_plain, c);
	else
		loop_timer_set(c->options.loop, &c->timer, c->timeout,
			       on_time_up, c);
}

void collector_send(struct collector *c, struct str body)
{
	buf_reset(&c->waiting);
	buf_put_str(&c->waiting, body);
	if (!c->is_busy && !c->waiting.failed)
		begin(c);
}

bool collector_finish(struct collector *c)
{
	while (c->is_busy && loop_turn(c->options.loop) == 0)
		;
	return !c->is_failing;
}
