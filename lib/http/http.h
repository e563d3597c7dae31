/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http: requests over libcurl's multi interface, inside a loop.
 *
 * One request, one answer: redirects, decoding and retries are not done here.
 * Connections are kept and reused, TLS sessions resumed, names cached.  TLS is
 * 1.2 or later, always verified, and read ahead (read_ahead.h).  Before a body of
 * more than HTTP_EXPECT_ABOVE bytes the server is asked whether it takes it
 * (Expect: 100-continue); the body is sent when it agrees, or says nothing for
 * HTTP_EXPECT_MS.  The path of a URL is sent as it is: an object key may contain
 * ".." and "//".  libcurl takes proxies from the environment.
 */
#ifndef S3EV_HTTP_H
#define S3EV_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "http/slice.h"
#include "io/loop.h"

struct http;

struct http_options {
	long connect_timeout;	/* seconds until the connection stands */
	long stall_timeout;	/* seconds with less than HTTP_RATE_MIN either
				 * way; libcurl looks at the last few, so it
				 * may be more; 0: never */
	const char *ca;		/* CA certificates: a PEM file, or directories
				 * of hashes with colons between them; NULL:
				 * what libcurl has */
	const char *user_agent;
};

/* Borrows loop and the strings.  NULL with err if libcurl cannot start. */
struct http *http_new(struct loop *loop, const struct http_options *options,
		      struct err *err);

/* Cancels running requests, closes all connections. */
void http_free(struct http *http);

/* What a sink returns. */
enum { HTTP_TAKEN = 0, HTTP_PAUSE = 1, HTTP_ABORT = -1 };

/*
 * One request and its answer.  The caller fills the first part; everything in
 * it is borrowed until done is called or the request is cancelled.  http_init()
 * prepares the second part, the answer, which belongs to the caller then.
 */
struct http_request {
	const char *method;	/* "GET", "HEAD", "PUT", "POST", "DELETE" */
	const char *url;
	const char *const *headers;	/* "Name: value", NULL at the end */
	struct str body;		/* absent: no body, no length */
	const struct slice *slice;	/* or this is the body, if not NULL */
	bool unasked;			/* send any body without waiting */
	bool direct;			/* through no proxy, whatever is set */
	bool patient;			/* the server may work for minutes, and
					 * send a byte now and then meanwhile */

	/*
	 * Takes the body of a 2xx answer; without sink it goes to body_in.
	 * HTTP_PAUSE leaves the bytes untaken until http_resume(); HTTP_ABORT
	 * ends the request with "Aborted".
	 */
	int (*sink)(void *arg, const char *bytes, size_t n);
	void (*done)(void *arg);	/* may start other requests */
	void *arg;

	long status;		/* 0: no answer, see err */
	struct buf head;	/* lines "name: value"; see http_head.h */
	struct buf body_in;	/* not more than HTTP_BODY_MAX */
	size_t sunk;		/* bytes the sink has taken */
	struct err err;		/* transport error; err.code[0] == 0: none */
	bool stale;		/* a kept connection turned out to be closed:
				 * the server has not seen the request */

	unsigned long long sent;	/* private from here on */
	bool head_ended;	/* by its empty line */
	bool unclean;		/* its connection has bytes that are unread */
	struct loop_timer ahead;
	struct http *http;
	void *easy, *slist;
	int fd;			/* on which it waits for bytes, or -1 */
	struct http_request *next, **link;
};

enum {
	HTTP_BODY_MAX = 4 << 20,
	HTTP_HEAD_MAX = 64 << 10,
	HTTP_EXPECT_ABOVE = 1 << 20,	/* bytes; libcurl's own number */
	HTTP_EXPECT_MS = 1000,
	HTTP_RATE_MIN = 1024,		/* bytes a second, else it is a stall */
	HTTP_PATIENCE = 15 * 60		/* seconds, where a byte is enough */
};

void http_init(struct http_request *request);
void http_request_free(struct http_request *request);

/* Begin; done is called from the loop only.  -1 if there is no memory. */
int http_start(struct http *http, struct http_request *request,
	       struct err *err);

/* Take bytes again after HTTP_PAUSE; the sink may be called at once. */
void http_resume(struct http_request *request);

/* Stop a request; done is not called.  Not from inside a sink. */
void http_cancel(struct http_request *request);

#endif
