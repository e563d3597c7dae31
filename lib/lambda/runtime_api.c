/* SPDX-License-Identifier: Apache-2.0 */
#include "lambda/runtime_api.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/version.h"
#include "format/json_write.h"
#include "http/http.h"
#include "http/http_head.h"

/* Lambda's events have at most 6 MB; leave room. */
enum { EVENT_MAX = 16 << 20, URL_MAX = 2048, ERROR_MAX = 8 << 10,
       TRACE_MAX = 4 << 10, TRIES = 3 };

struct runtime_api {
	struct loop *loop;
	struct http *http;
	struct buf base;		/* http://HOST/2018-06-01/runtime/ */
	struct http_request next;	/* keeps the event that is worked on */
	bool is_done;
};

struct runtime_api *runtime_api_new(struct loop *loop, const char *host,
			    struct err *err)
{
	static const struct http_options options = {
		.connect_timeout = 10,
		.stall_timeout = 0, /* "next" may take hours, frozen */
		.user_agent = "s3ev/" S3EV_VERSION,
	};
	struct runtime_api *runtime = calloc(1, sizeof(*runtime));

	if (!runtime) {
		err_memory(err);
		return NULL;
	}
	runtime->loop = loop;
	buf_init(&runtime->base, URL_MAX);
	buf_printf(&runtime->base, "http://%s/2018-06-01/runtime/", host);
	http_init(&runtime->next);
	buf_init(&runtime->next.body_in, EVENT_MAX);
	runtime->http = http_new(loop, &options, err);
	if (!runtime->http) {
		runtime_api_free(runtime);
		return NULL;
	}
	return runtime;
}

void runtime_api_free(struct runtime_api *runtime)
{
	if (!runtime)
		return;
	http_request_free(&runtime->next);
	http_free(runtime->http);
	buf_free(&runtime->base);
	free(runtime);
}

static void on_done(void *arg)
{
	struct runtime_api *runtime = arg;

	runtime->is_done = true;
}

static int ask_once(struct runtime_api *runtime, struct http_request *request,
		    struct err *err)
{
	request->direct = true;
	request->done = on_done;
	request->arg = runtime;
	runtime->is_done = false;
	if (http_start(runtime->http, request, err) < 0)
		return -1;
	while (!runtime->is_done)
		if (loop_turn(runtime->loop) < 0)
			return err_errno(err, "poll");
	if (!err_is_set(&request->err))
		return 0;
	*err = request->err;
	return -1;
}

/* A kept connection may have died, and one that was cut may be had again. */
static bool may_try_again(const struct http_request *request)
{
	return request->stale ||
	       err_is(&request->err, ERR_CONNECTION_LOST);
}

/* Ask until there is an answer; *tries says how often. */
static int ask(struct runtime_api *runtime, struct http_request *request,
	       const char *path, int *tries, struct err *err)
{
	struct buf url;
	int status = -1;

	buf_init(&url, URL_MAX);
	buf_printf(&url, "%.*s%s", STR_FMT(buf_str(&runtime->base)), path);
	request->url = buf_cstr(&url);
	if (!request->url)
		err_memory(err);
	for (*tries = 0; request->url && *tries < TRIES && status < 0;) {
		++*tries;
		status = ask_once(runtime, request, err);
		if (status < 0 && !may_try_again(request))
			break;
	}
	request->url = NULL;
	buf_free(&url);
	return status;
}

static int refused(const struct http_request *request, const char *what,
		   struct err *err)
{
	struct str body = buf_str(&request->body_in);

	err_set(err, "RuntimeAPI", "%s: status %ld: %.*s", what,
		request->status, body.n > 200 ? 200 : (int)body.n,
		body.p ? body.p : "");
	err->status = request->status;
	return -1;
}

int runtime_api_next(struct runtime_api *runtime, struct runtime_api_event *event,
		 struct err *err)
{
	struct http_request *next = &runtime->next;
	int tries;

	next->method = "GET";
	if (ask(runtime, next, "invocation/next", &tries, err) < 0)
		return -1;
	*event = (struct runtime_api_event){
		.id = http_head_value(next, "Lambda-Runtime-Aws-Request-Id"),
		.trace = http_head_value(next, "Lambda-Runtime-Trace-Id"),
		.body = buf_str(&next->body_in),
	};
	if (next->status != 200 || event->id.n == 0)
		return refused(next, "no next event", err);
	str_number(http_head_value(next, "Lambda-Runtime-Deadline-Ms"),
		   &event->deadline);
	return 0;
}

void runtime_api_export_trace(const struct runtime_api_event *event)
{
	struct buf text;

	buf_init(&text, TRACE_MAX);
	buf_put_str(&text, event->trace);
	if (event->trace.p && buf_cstr(&text))
		setenv("_X_AMZN_TRACE_ID", buf_cstr(&text), 1);
	else
		unsetenv("_X_AMZN_TRACE_ID");
	buf_free(&text);
}

/*
 * If the answer to a first try is lost, the try itself may have been accepted.
 * A second one is then refused with 403, which counts as success.
 */
static int post(struct runtime_api *runtime, const char *path, const char *type,
		struct str body, struct err *err)
{
	const char *headers[] = { "Content-Type: application/json", NULL,
				  NULL };
	struct http_request request;
	struct buf header;
	int status, tries;

	http_init(&request);
	buf_init(&header, URL_MAX);
	if (type) {
		buf_printf(&header,
			   "Lambda-Runtime-Function-Error-Type: s3ev.%s", type);
		headers[1] = buf_cstr(&header);
	}
	request.method = "POST";
	request.headers = headers;
	request.body = body.p ? body : STR("");
	status = ask(runtime, &request, path, &tries, err);
	if (status == 0 && request.status / 100 != 2 &&
	    !(tries > 1 && request.status == 403))
		status = refused(&request, path, err);
	http_request_free(&request);
	buf_free(&header);
	return status;
}

static int post_error(struct runtime_api *runtime, const char *path,
		      const struct err *why, struct err *err)
{
	struct buf body;
	int status;

	buf_init(&body, ERROR_MAX);
	buf_putc(&body, '{');
	json_member(&body, "errorMessage", str_of(why->message));
	json_member(&body, "errorType", str_of(why->code));
	buf_puts(&body, ",\"stackTrace\":[]}");
	status = post(runtime, path, why->code, buf_str(&body), err);
	buf_free(&body);
	return status;
}

/* Post the response, or why there is none. */
static int answer(struct runtime_api *runtime, struct str id, struct str body,
		  const struct err *why, struct err *err)
{
	struct buf path;
	const char *text;
	int status = -1;

	buf_init(&path, URL_MAX);
	buf_printf(&path, "invocation/%.*s/%s", STR_FMT(id),
		   why ? "error" : "response");
	text = buf_cstr(&path);
	if (!text)
		err_set(err, "RuntimeAPI", "the id of a request is too long");
	else if (why)
		status = post_error(runtime, text, why, err);
	else
		status = post(runtime, text, NULL, body, err);
	buf_free(&path);
	return status;
}

int runtime_api_respond(struct runtime_api *runtime, struct str id, struct str body,
		    struct err *err)
{
	return answer(runtime, id, body, NULL, err);
}

int runtime_api_fail(struct runtime_api *runtime, struct str id, const struct err *why,
		 struct err *err)
{
	return answer(runtime, id, STR_NONE, why, err);
}

bool runtime_api_goes_on(const struct err *err)
{
	return err->status == 400 || err->status == 403 || err->status == 413;
}

int runtime_api_fail_init(struct runtime_api *runtime, const struct err *why,
		      struct err *err)
{
	return post_error(runtime, "init/error", why, err);
}
