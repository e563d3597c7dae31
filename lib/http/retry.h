/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retry: when to try again, and when to stop trying.
 *
 * This is AWS's standard retry mode with the numbers of November 2026.  The
 * delay before retry n is random * min(base * 2^(n-1), 20 s), where base is
 * 50 ms (25 for DynamoDB), or 1 s when throttled.  The process has a quota of
 * 500 tokens, of which a retry takes 14 (5 when throttled), so that a service
 * in trouble does not get more and more requests.  Pure: random numbers are
 * arguments.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 */
#ifndef S3EV_RETRY_H
#define S3EV_RETRY_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

enum retry_class {
	RETRY_NEVER,		/* the same request would fail the same way */
	RETRY_TRANSIENT,	/* 5xx, a lost connection, a time-out */
	RETRY_THROTTLED		/* slow down */
};

/* Judge by AWS's error code, else by HTTP status, else by err->retry. */
enum retry_class retry_class(const struct err *err);

/* Milliseconds before retry number n (1 is the first); random is in [0, 1). */
unsigned long retry_delay(enum retry_class class, unsigned n,
			  unsigned long base_ms, double random);

/*
 * The delay after an answer with the header x-amz-retry-after (milliseconds, or
 * absent), which may raise it by RETRY_AFTER_MAX_MS at most.
 */
enum { RETRY_AFTER_MAX_MS = 5000 };
unsigned long retry_after(unsigned long delay_ms, struct str header);

struct retry_quota {
	unsigned tokens;
};

void retry_quota_init(struct retry_quota *quota);

/* Take the price of a retry; false if there are not enough tokens. */
bool retry_quota_take(struct retry_quota *quota, enum retry_class class);

/* A request succeeded after a last retry of this class, NEVER if without. */
void retry_quota_give(struct retry_quota *quota, enum retry_class class);

#endif
