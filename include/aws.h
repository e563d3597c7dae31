/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aws: one signed request to an AWS service, tried until it is answered.
 *
 * A call is signed anew for each try, with keys that are good at the time and
 * the service's own clock.  Which answers are tried again, how often and when
 * is the business of retry.h; expired keys, a wrong clock, a region that is not
 * the bucket's and a kept connection that had died are mended once, free of
 * charge.  What is left in the end is either an answer that the
 * service's judge found good, or an error in AWS's own words.
 */
#ifndef S3EV_AWS_H
#define S3EV_AWS_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "config.h"
#include "creds.h"
#include "err.h"
#include "gate.h"
#include "http.h"
#include "loop.h"
#include "record.h"
#include "region.h"
#include "retry.h"
#include "sigv4.h"
#include "slice.h"
#include "stats.h"
#include "str.h"

struct aws;

/*
 * Read configuration and credentials (no network).  Borrows loop.  warn is
 * called, with ctx, for each line that the user should read.  NULL with err:
 * see config_load() and creds_new(), or "NoRegion".
 */
struct aws *aws_new(struct loop *loop, void (*warn)(void *ctx, const char *line),
		    void *ctx, struct err *err);
void aws_free(struct aws *aws);

const struct config *aws_config(const struct aws *aws);

/* Where buckets were found to be, for whoever makes the URLs. */
struct region_table *aws_regions(struct aws *aws);

/*
 * From now on at most max calls are under way, fewer when the service
 * throttles (pace.h); the others wait for room.  say, which may be NULL, is
 * called with ctx when the limit changes.  To be called before the first call;
 * without it there is no limit.
 */
void aws_pace(struct aws *aws, unsigned max,
	      void (*say)(void *ctx, const char *line), void *ctx);

/* Set requests, retries and throttles to those so far. */
void aws_count(const struct aws *aws, struct stats *stats);

enum { AWS_HEADERS_MAX = 32 };

struct aws_call {
	/* Filled by the caller, borrowed until done. */
	enum config_service service;
	const char *sign_service;	/* "s3", "dynamodb" */
	struct str region;		/* to sign with */
	const char *method;
	const char *url;		/* without query */
	struct str query;		/* encoded and in order, or absent */
	struct sigv4_header headers[AWS_HEADERS_MAX]; /* all are signed */
	size_t n_headers;
	struct str body;		/* absent: none */
	const struct slice *slice;	/* or a part of a file, if not NULL */
	const struct sigv4_header *more;	/* headers, as above */
	size_t n_more;
	bool unsigned_body;	/* its bytes are not signed: for https, and
				 * where a checksum goes along */
	struct arena *arena;		/* for what the tries need */
	unsigned long long deadline;	/* no try begins after it, see deadline.h */
	struct str trace;		/* X-Amzn-Trace-Id, or absent */

	/* As in http.h; a call whose sink has taken bytes is only tried
	 * again if rewind returns 0. */
	int (*sink)(void *arg, const char *bytes, size_t n);
	int (*rewind)(void *arg);

	/*
	 * Look at a complete answer: 0 if it is good, else -1 with err.  A
	 * 200 that carries an error is told from one that does not here.
	 */
	int (*judge)(struct aws_call *call, struct err *err);

	/*
	 * The answer is an error: if it says that the request belongs
	 * elsewhere, put url and region right and return true.  NULL: never.
	 * If it only says "not here", set ask to a URL and return false: that
	 * gets a HEAD, not signed, and redirect is called again with its answer
	 * in http; err is still that of the request.
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
	char invocation[37];		/* amz-sdk-invocation-id */
	struct gate_turn turn;
};

/* The call is work on this record: set its arena, deadline and trace. */
void aws_call_for(struct aws_call *call, const struct record *record,
		  struct arena *arena);

/* Begin.  done is called from the loop, whatever happens. */
void aws_start(struct aws *aws, struct aws_call *call);

/* Fail a call that could not be put together: done is called with err. */
void aws_fail(struct aws *aws, struct aws_call *call, const struct err *err);

/* Stop; done is not called.  Does nothing to a call that is done. */
void aws_cancel(struct aws_call *call);

/* Free what the answer holds; the call may be started again. */
void aws_call_free(struct aws_call *call);

/*
 * Work that outlives what it was for: aws_free() turns the loop until all of it
 * has ended, for AWS_LINGER_MS at most, and frees what has not with release.
 */
enum { AWS_LINGER_MS = 3000 };
struct aws_linger {
	struct aws_linger *next, **link;
	void (*release)(void *arg);
	void *arg;
};
void aws_linger(struct aws *aws, struct aws_linger *linger,
		void (*release)(void *arg), void *arg);
void aws_linger_end(struct aws_linger *linger);

/* Append a header; value is borrowed.  An absent value adds nothing. */
void aws_header(struct aws_call *call, const char *name, struct str value);

/* The same, but in the place of one that is there; from within rewind. */
void aws_header_set(struct aws_call *call, const char *name, struct str value);

#endif
