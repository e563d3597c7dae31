/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aws_request: one try of a call, made ready to be sent.  For aws.c only.
 *
 * It is signed with the keys and at the time that aws.c gives; its header lines
 * are put together in the call's arena.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 */
#ifndef S3EV_AWS_REQUEST_H
#define S3EV_AWS_REQUEST_H

#include <time.h>

#include "aws/aws_call.h"
#include "base/err.h"
#include "base/str.h"
#include "creds/creds.h"
#include "sign/sigv4.h"

enum { AWS_REQUEST_RANDOM = 256 };	/* getrandom(2) never cuts so few */

struct aws_request_signer {
	struct sigv4_key key;		/* kept: it is good for a day */
	struct sigv4_signed made;
	unsigned char random[AWS_REQUEST_RANDOM]; /* for invocation ids; */
	size_t random_left;		/* bytes of it that are not used yet */
	struct str trace_id;		/* for X-Amzn-Trace-Id, or absent */
};

/*
 * Inside Lambda, requests without a trace id get that of the environment: by it
 * AWS notices a function that triggers itself.  -1 with "InvalidConfig" if it
 * holds a control character.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
 */
int aws_request_signer_init(struct aws_request_signer *signer, struct err *err);

/* Wipes the key. */
void aws_request_signer_free(struct aws_request_signer *signer);

/* -1 with ERR_SYSTEM. */
int aws_request_random(void *bytes, size_t n, struct err *err);

/* Once for all tries: the digest of the body and the invocation id. */
int aws_request_prepare(struct aws_request_signer *signer,
			struct aws_call *call, struct err *err);

struct aws_try {
	time_t time;
	unsigned number, max;		/* this is try 1, 2, ... of max */
	const struct creds_keys *keys;
};

/* Sign, and fill url, method, headers and body of call->http. */
int aws_request_make(struct aws_request_signer *signer, struct aws_call *call,
		     const struct aws_try *try, struct err *err);

/* Fill the same for the HEAD of call->ask, which is not signed. */
void aws_request_ask(struct aws_call *call, void (*done)(void *arg));

#endif
