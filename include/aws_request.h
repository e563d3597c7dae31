/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aws_request: one try of a call, made ready to be sent.
 *
 * The call is signed with the keys and the time given, and its header lines
 * are put together in its arena.  For aws.c only.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 */
#ifndef S3EV_AWS_REQUEST_H
#define S3EV_AWS_REQUEST_H

#include <time.h>

#include "aws.h"
#include "creds.h"
#include "err.h"
#include "sigv4.h"
#include "str.h"

struct aws_signer {
	struct sigv4_key key;		/* of the day, kept */
	struct sigv4_signed made;
	struct str trace_id;		/* for X-Amzn-Trace-Id, or absent */
};

/*
 * Inside Lambda the trace id of the environment goes with each request that has
 * none of its own, which is how AWS notices a function that sets itself off.  -1 with "InvalidConfig"
 * if it holds a control character.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
 */
int aws_signer_init(struct aws_signer *signer, struct err *err);

/* Wipes the key. */
void aws_signer_free(struct aws_signer *signer);

int aws_request_random(void *bytes, size_t n, struct err *err);

/* What is the same for all tries: the digest of the body, the name. */
int aws_request_prepare(struct aws_call *call, struct err *err);

struct aws_try {
	time_t time;
	unsigned number, max;		/* of the try; 1 is the first */
	const struct creds_keys *keys;
};

/* Fill url, method, headers and body of call->http. */
int aws_request_make(struct aws_signer *signer, struct aws_call *call,
		     const struct aws_try *try, struct err *err);

/* The same for the HEAD of call->ask. */
void aws_request_ask(struct aws_call *call, void (*done)(void *arg));

#endif
