/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aws: one signed request to an AWS service, tried until it is answered.
 *
 * Each try is signed anew, with keys that are good at the time and by the
 * service's clock.  retry.h says which answers are tried again, how often and
 * when.  Expired keys, a wrong clock, a wrong region and a kept connection that
 * has died are put right once each, and such a try is not counted.  The result
 * is either an answer that the call's judge accepts, or an error in AWS's own
 * words.
 *
 *	aws_start() -> waits for its turn (gate.h)
 *	   |
 *	   v
 *	try_now() <------------------------------- waits (delay, gate.h)
 *	   |                                              ^
 *	   v                                              |
 *	send() <-------------------+                      |
 *	   |  waits for keys       |                      |
 *	   v                       |                      |
 *	send_try() waits for HTTP  | mended: once a cause | worth another try
 *	   |                       |                      |
 *	   v                       |                      |
 *	on_answer() -- an error ---+----------------------+--> done()
 *	   |               |
 *	   | good          +- ask(): HEAD of call->ask -> on_told() -> send()
 *	   v
 *	done()
 */
#ifndef S3EV_AWS_H
#define S3EV_AWS_H

#include "aws/aws_call.h"
#include "aws/region.h"
#include "base/err.h"
#include "config/config.h"
#include "io/loop.h"

struct aws;

/*
 * Read configuration and credentials, without network.  choice, which may be
 * NULL, is borrowed for the call: with it a second client talks to another
 * store than the environment speaks of.  Borrows loop.  warn is called with ctx
 * for each line that the user should read.  NULL with the errors of
 * config_load() and creds_new(), or "NoRegion".
 */
struct aws *aws_new(struct loop *loop, const struct config_choice *choice,
		    void (*warn)(void *ctx, const char *line), void *ctx,
		    struct err *err);
void aws_free(struct aws *aws);

const struct config *aws_config(const struct aws *aws);

/* The regions of the buckets seen so far; whoever makes URLs looks there. */
struct region_table *aws_regions(struct aws *aws);

/*
 * Let at most max calls be under way, fewer when the service throttles
 * (pace.h); the others wait for room.  say, which may be NULL, is called with
 * ctx when the limit changes.  Call this before the first call is started;
 * without it there is no limit.
 */
void aws_pace(struct aws *aws, unsigned max,
	      void (*say)(void *ctx, const char *line), void *ctx);

/* What has gone out so far. */
struct aws_counts {
	unsigned long long requests;	/* every try counted */
	unsigned long long retries;	/* those that repeat another */
	unsigned long long throttles;	/* answers that said: slow down */
};
struct aws_counts aws_counts(const struct aws *aws);

/* Begin.  done is called once, from the loop, also if this fails. */
void aws_start(struct aws *aws, struct aws_call *call);

/* Fail a call that could not be put together: done is called, with this err. */
void aws_fail(struct aws *aws, struct aws_call *call, const struct err *err);

/* Stop; done is not called.  A call that is done is left alone. */
void aws_cancel(struct aws_call *call);

/* Free what the answer holds; the call may be started again. */
void aws_call_free(struct aws_call *call);

/*
 * Work that may go on when the record it belongs to is finished.  aws_free()
 * turns the loop until all such work has ended, for AWS_LINGER_MS at most, and
 * then calls release for the rest.
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

#endif
