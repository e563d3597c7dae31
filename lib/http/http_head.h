/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_head: the headers of an answer.
 *
 * Names are compared without regard to case.  Text is borrowed from the
 * request, until it is started again or freed.
 */
#ifndef S3EV_HTTP_HEAD_H
#define S3EV_HTTP_HEAD_H

#include <stdbool.h>

#include "base/str.h"
#include "http/http.h"

/*
 * Take the next header off rest, which begins as buf_str(&request->head).
 * false: there are no more.
 */
bool http_head_next(struct str *rest, struct str *name, struct str *value);

/* The value of the first header of this name; absent if there is none. */
struct str http_head_value(const struct http_request *request,
			   const char *name);

/*
 * What part of the whole does a 206 have?  "bytes 0-99/1000", where "*" is a
 * whole that the server does not know.  -1 if the answer does not say that, as
 * it has to (RFC 9110, 14.4).
 */
struct http_part {
	unsigned long long from, whole;
	bool knows_whole;
};
int http_head_part(const struct http_request *request, struct http_part *part);

/* The Date header in seconds since 1970, or -1. */
long long http_head_date(const struct http_request *request);

/* The same of Last-Modified. */
long long http_head_modified(const struct http_request *request);

/*
 * How many seconds have to be added to our clock to get that of the server?
 * false: its answer has no date.
 */
bool http_head_clock(const struct http_request *request, long long *off);

/*
 * Seconds.  Services bear a difference of 5 or 15 minutes.  Where it is more
 * than a day a person should look: a request that was signed for another day
 * could be kept and sent then.
 */
enum { HTTP_CLOCK_BORNE = 4 * 60, HTTP_CLOCK_MAX = 24 * 3600 };

#endif
