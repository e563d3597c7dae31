/* SPDX-License-Identifier: Apache-2.0 */
/* retry: which errors, how long, how often. */
#include "http/retry.h"
#include "tap.h"

static enum retry_class class_of(const char *code, long status, bool retry)
{
	struct err err;

	err_set(&err, code, "x");
	err.status = status;
	err.retry = retry;
	return retry_class(&err);
}

static void test_class(void)
{
	ok(class_of("SlowDown", 503, false) == RETRY_THROTTLED, "SlowDown");
	ok(class_of("ProvisionedThroughputExceededException", 400, false) ==
	   RETRY_THROTTLED, "DynamoDB's throttling is a 400");
	ok(class_of("RequestTimeout", 400, false) == RETRY_TRANSIENT,
	   "so is S3's RequestTimeout");
	ok(class_of("UnexpectedAnswer", 502, false) == RETRY_TRANSIENT, "502");
	ok(class_of("NotImplemented", 501, false) == RETRY_NEVER, "501");
	ok(class_of("AccessDenied", 403, false) == RETRY_NEVER, "403");
	ok(class_of("CouldNotConnect", 0, true) == RETRY_TRANSIENT,
	   "no connection");
	ok(class_of("TLSVerificationFailed", 0, false) == RETRY_NEVER,
	   "a wrong certificate stays wrong");
	ok(class_of("ConditionalRequestConflict", 409, false) ==
	   RETRY_TRANSIENT, "two writers at once");
}

static void test_delay(void)
{
	ok(retry_delay(RETRY_TRANSIENT, 1, 50, 0.5) == 25, "first: up to 50 ms");
	ok(retry_delay(RETRY_TRANSIENT, 3, 50, 0.5) == 100, "then twice as much");
	ok(retry_delay(RETRY_THROTTLED, 1, 50, 0.5) == 500, "throttled: 1 s");
	ok(retry_delay(RETRY_THROTTLED, 60, 50, 0.999) == 19980, "20 s at most");
	ok(retry_delay(RETRY_TRANSIENT, 5, 50, 0) == 0, "full jitter");
}

static void test_after(void)
{
	ok(retry_after(30, STR_NONE) == 30, "no x-amz-retry-after");
	ok(retry_after(30, STR("1500")) == 1500, "it raises the delay");
	ok(retry_after(30, STR("20")) == 30, "and never lowers it");
	ok(retry_after(30, STR("60000")) == 5030, "by 5 s at most");
	ok(retry_after(30, STR("soon")) == 30 && retry_after(30, STR("")) == 30,
	   "what is no number is not looked at");
}

static void test_quota(void)
{
	struct retry_quota quota;
	int n = 0;

	retry_quota_init(&quota);
	while (retry_quota_take(&quota, RETRY_TRANSIENT))
		n++;
	ok(n == 500 / 14, "500 tokens are %d retries of 14", n);
	ok(retry_quota_take(&quota, RETRY_THROTTLED), "10 are left for 5");
	retry_quota_give(&quota, RETRY_TRANSIENT);
	ok(retry_quota_take(&quota, RETRY_TRANSIENT), "success gives back");
	for (n = 0; n < 1000; n++)
		retry_quota_give(&quota, RETRY_NEVER);
	ok(quota.tokens == 500, "never more than there were");
}

int main(void)
{
	test_class();
	test_delay();
	test_after();
	test_quota();
	return done();
}
