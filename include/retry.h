/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retry: when to try again, and when to stop trying.
 *
 * AWS's standard retry mode with the numbers of November 2026: a delay of
 * random * min(base * 2^(n-1), 20 s) before retry n, where base is 50 ms (25
 * for DynamoDB) or 1 s when throttled, and a quota of 500 tokens for the whole
 * process, of which a retry takes 14 (5 when throttled), so that a service in
 * trouble is not beaten on.  Pure: random numbers are arguments.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 */
#ifndef S3EV_RETRY_H
#define S3EV_RETRY_H

#include <stdbool.h>

#include "err.h"
#include "str.h"

enum retry_class {
	RETRY_NEVER,		/* the same request would fail the same way */
	RETRY_TRANSIENT,	/* 5xx, a lost connection, a time-out */
	RETRY_THROTTLED		/* slow down */
};

/* By AWS's error code, else by HTTP status, else by err->retry. */
enum retry_class retry_class(const struct err *err);

/* Milliseconds before retry number n (1 is the first); random is in [0, 1). */
unsigned long retry_delay(enum retry_class class, unsigned n,
			  unsigned long base_ms, double random);

/*
 * What x-amz-retry-after (milliseconds, or absent) makes of a delay: it raises
 * it, by RETRY_AFTER_MAX_MS at most.
 */
enum { RETRY_AFTER_MAX_MS = 5000 };
unsigned long retry_after(unsigned long delay_ms, struct str header);

struct retry_quota {
	unsigned tokens;
};

void retry_quota_init(struct retry_quota *quota);

/* Take what a retry costs; false if that is more than there is. */
bool retry_quota_take(struct retry_quota *quota, enum retry_class class);

/* A request has succeeded; class is that of its last retry, NEVER if none. */
void retry_quota_give(struct retry_quota *quota, enum retry_class class);

#endif
