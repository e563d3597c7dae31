/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http: requests over libcurl's multi interface, inside a loop.
 *
 * Connections are kept and reused, TLS sessions resumed, names cached.  There
 * is no redirect, no decoding, no retry here: one request, one answer.  A body
 * of more than HTTP_EXPECT_ABOVE bytes is only sent once the server has said that
 * it will take it (Expect: 100-continue), or nothing for HTTP_EXPECT_MS.  TLS is
 * 1.2 or later and always verified.  The path of a URL goes out as it is given
 * (".." and "//" may stand in an object key).  Proxies are taken from the
 * environment as libcurl does.
 */
#ifndef S3EV_HTTP_H
#define S3EV_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"
#include "loop.h"
#include "slice.h"
#include "str.h"

struct http;

struct http_options {
	long connect_timeout;	/* seconds until the connection stands */
	long stall_timeout;	/* seconds without a byte either way; libcurl
				 * looks at the last few, so it may be more */
	const char *ca;		/* CA certificates: a PEM file or a directory
				 * of hashes; NULL: what libcurl has */
	const char *user_agent;
};

/* Borrows loop and the strings.  NULL with err if libcurl cannot start. */
struct http *http_new(struct loop *loop, const struct http_options *options,
		      struct err *err);

/* Cancels what is under way, closes all connections. */
void http_free(struct http *http);

/* What a sink returns. */
enum { HTTP_TAKEN = 0, HTTP_PAUSE = 1, HTTP_ABORT = -1 };

/*
 * One request and its answer.  The caller fills the first part; everything in
 * it is borrowed until done is called or the request is cancelled.  The second
 * part is made ready by http_init() and belongs to the caller afterwards.
 */
struct http_request {
	const char *method;	/* "GET", "HEAD", "PUT", "POST", "DELETE" */
	const char *url;
	const char *const *headers;	/* "Name: value", NULL at the end */
	struct str body;		/* absent: no body, no length */
	const struct slice *slice;	/* or this is the body, if not NULL */
	bool unasked;			/* send any body without waiting */
	bool direct;			/* through no proxy, whatever is set */

	/*
	 * Takes the body of a 2xx answer; without one it goes to body_in.
	 * HTTP_PAUSE leaves the bytes untaken until http_resume(); HTTP_ABORT
	 * ends the request with "Aborted".
	 */
	int (*sink)(void *arg, const char *bytes, size_t n);
	void (*done)(void *arg);	/* may start other requests */
	void *arg;

	long status;		/* 0: no answer, see err */
	struct buf head;	/* lines "name: value", one a line */
	struct buf body_in;	/* not more than HTTP_BODY_MAX */
	size_t sunk;		/* bytes the sink has taken */
	struct err err;		/* transport error; err.code[0] == 0: none */
	bool stale;		/* it was a kept connection that had been
				 * closed: the server did not answer */

	unsigned long long sent;	/* private from here on */
	bool head_ended;	/* by its empty line */
	struct http *http;
	void *easy, *slist;
	struct http_request *next, **link;
};

enum {
	HTTP_BODY_MAX = 4 << 20,
	HTTP_HEAD_MAX = 64 << 10,
	HTTP_EXPECT_ABOVE = 1 << 20,	/* bytes; libcurl's own number */
	HTTP_EXPECT_MS = 1000
};

void http_init(struct http_request *request);
void http_request_free(struct http_request *request);

/* Begin; done is called from the loop, never from here.  -1 without memory. */
int http_start(struct http *http, struct http_request *request,
	       struct err *err);

/* Take bytes again after HTTP_PAUSE; the sink may be called at once. */
void http_resume(struct http_request *request);

/* Stop a request; done is not called.  Not from inside a sink. */
void http_cancel(struct http_request *request);

/*
 * Take the next header off rest, which was buf_str(&request->head) to begin
 * with.  false: there are no more.
 */
bool http_next_header(struct str *rest, struct str *name, struct str *value);

/* The value of an answer's header, absent if it has none; any case. */
struct str http_header(const struct http_request *request, const char *name);

/* The Date header of an answer, in seconds since 1970, or -1. */
long long http_date(const struct http_request *request);

#endif
