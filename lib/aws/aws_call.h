/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aws_call: a request to an AWS service, and what becomes of it.
 *
 * The caller zeroes it, fills the first part and hands it to aws_start(); the
 * answer is in the second part when done is called.  The third part belongs to
 * aws.c and to aws_request.c, which reads the call to sign it.
 */
#ifndef S3EV_AWS_CALL_H
#define S3EV_AWS_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "aws/gate.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "config/config.h"
#include "creds/creds.h"
#include "http/http.h"
#include "http/retry.h"
#include "http/slice.h"
#include "io/loop.h"

struct aws;

enum { AWS_CALL_HEADERS = 32 };

struct aws_call {
	/* Filled by the caller, borrowed until done. */
	enum config_service service;
	const char *sign_service;	/* "s3", "dynamodb" */
	struct str region;		/* to sign with */
	const char *method;
	const char *url;		/* without query */
	struct str query;		/* encoded and sorted, or absent */
	struct str_pair headers[AWS_CALL_HEADERS]; /* all are signed */
	size_t n_headers;
	struct str body;		/* absent: none */
	const struct slice *slice;	/* or a part of a file, if not NULL */
	const struct str_pair *more;	/* headers, as above */
	size_t n_more;
	bool takes_gzip;	/* Accept-Encoding: gzip, which is not signed,
				 * since proxies change it */
	bool patient;		/* see http.h */
	bool unsigned_body;	/* its bytes are not signed: for https, and
				 * where a checksum goes along */
	size_t answer_max;		/* bytes of its body; 0: HTTP_BODY_MAX */
	struct arena *arena;		/* for what the tries need */
	unsigned long long deadline;	/* no try begins after it, see clock.h */
	struct str trace;		/* X-Amzn-Trace-Id, or absent */

	/*
	 * As in http.h.  Once the sink has taken bytes the call is only tried
	 * again if there is a rewind and it returns 0.
	 */
	int (*sink)(void *arg, const char *bytes, size_t n);
	int (*rewind)(void *arg);

	/*
	 * Look at a complete answer: 0 if it is good, else -1 with err.  This
	 * is where a 200 with an error inside is noticed.
	 */
	int (*judge)(struct aws_call *call, struct err *err);

	/*
	 * Look at an error.  If it says where the request belongs, put url and
	 * region right and return true.  If it only says "not here", set ask to
	 * a URL and return false: a HEAD without signature is sent there, and
	 * redirect is called again with the answer in http, while err is still
	 * that of the request.  NULL: the call has one place only.
	 */
	bool (*redirect)(struct aws_call *call);
	const char *ask;

	void (*done)(void *arg);	/* never from within aws_start() */
	void *arg;

	/* The result. */
	struct err err;			/* code[0] == 0: good */
	struct http_request http;	/* the last answer */

	struct aws *aws;		/* private from here on */
	struct str payload_hash;
	struct creds_wait wait;
	struct loop_timer timer;
	unsigned tries;
	enum retry_class last_retry;
	bool mended_clock, mended_keys, mended_line, redirected, asked, sent;
	struct str used_key_id;
	long long used_offset;		/* of the clock */
	char invocation[37];		/* amz-sdk-invocation-id */
	struct gate_turn turn;
};

/*
 * Append a header; value is borrowed.  An absent value adds nothing, and
 * neither does one more than AWS_CALL_HEADERS.
 */
void aws_call_header(struct aws_call *call, const char *name,
		     struct str value);

/*
 * Give a header another value, or append it.  For rewind, which may have to
 * ask for another range.
 */
void aws_call_header_set(struct aws_call *call, const char *name,
			 struct str value);

#endif
