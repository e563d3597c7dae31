/* SPDX-License-Identifier: Apache-2.0 */
#include "http/retry.h"

#include <stddef.h>
#include <string.h>

enum {
	QUOTA = 500,
	COST_TRANSIENT = 14,
	COST_THROTTLED = 5,
	INCOME = 1,			/* for success without a retry */
	DELAY_THROTTLED_MS = 1000,
	DELAY_MAX_MS = 20000
};

static bool is_one_of(const char *code, const char *const *codes)
{
	for (; *codes; codes++)
		if (strcmp(code, *codes) == 0)
			return true;
	return false;
}

/*
 * Servers and proxies that say "later".  500 to 504, and what stands in front of
 * other servers says: 408 and 499 (the client was too slow), 520 to 527
 * (Cloudflare), 598 (a proxy's read time-out).
 */
static bool is_transient(long status)
{
	return status == 408 || status == 499 || status == 500 ||
	       (status >= 502 && status <= 504) ||
	       (status >= 520 && status <= 527) || status == 598;
}

enum retry_class retry_class(const struct err *err)
{
	static const char *const throttled[] = {
		"Throttling", "ThrottlingException", "ThrottledException",
		"RequestThrottledException", "RequestThrottled",
		"TooManyRequestsException", "RequestLimitExceeded",
		"ProvisionedThroughputExceededException",
		"TransactionInProgressException", "BandwidthLimitExceeded",
		"LimitExceededException", "SlowDown",
		"PriorRequestNotComplete", "EC2ThrottledException",
		"KmsThrottled", NULL
	};
	static const char *const transient[] = {
		"RequestTimeout", "RequestTimeoutException", "InternalError",
		"InternalServerError", "ServiceUnavailable",
		"OperationAborted", "ConditionalRequestConflict",
		"IDPCommunicationError", "CRC32CheckFailed",
		"TransactionConflictException",
		"ReplicatedWriteConflictException", NULL
	};

	if (is_one_of(err->code, throttled) || err->status == 429)
		return RETRY_THROTTLED;
	if (is_one_of(err->code, transient) || is_transient(err->status))
		return RETRY_TRANSIENT;
	return err->status == 0 && err->retry ? RETRY_TRANSIENT : RETRY_NEVER;
}

unsigned long retry_delay(enum retry_class class, unsigned n,
			  unsigned long base_ms, double random)
{
	double delay = class == RETRY_THROTTLED ? DELAY_THROTTLED_MS :
						  (double)base_ms;

	while (--n > 0 && delay < DELAY_MAX_MS)
		delay *= 2;
	if (delay > DELAY_MAX_MS)
		delay = DELAY_MAX_MS;
	return (unsigned long)(random * delay);
}

unsigned long retry_after(unsigned long delay_ms, struct str header)
{
	unsigned long long ms;

	if (!header.p || str_number(header, &ms) < 0 || ms < delay_ms)
		return delay_ms;
	if (ms > delay_ms + RETRY_AFTER_MAX_MS)
		return delay_ms + RETRY_AFTER_MAX_MS;
	return (unsigned long)ms;
}

static unsigned cost(enum retry_class class)
{
	return class == RETRY_THROTTLED ? COST_THROTTLED : COST_TRANSIENT;
}

void retry_quota_init(struct retry_quota *quota)
{
	quota->tokens = QUOTA;
}

bool retry_quota_take(struct retry_quota *quota, enum retry_class class)
{
	if (quota->tokens < cost(class))
		return false;
	quota->tokens -= cost(class);
	return true;
}

void retry_quota_give(struct retry_quota *quota, enum retry_class class)
{
	quota->tokens += class == RETRY_NEVER ? INCOME : cost(class);
	if (quota->tokens > QUOTA)
		quota->tokens = QUOTA;
}
