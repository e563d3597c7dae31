/* SPDX-License-Identifier: Apache-2.0 */
/* stats: latencies are accurate to a sixteenth, the line is as documented. */
#include "filter/stats.h"

#include <math.h>
#include <string.h>

#include "tap.h"

static bool is_near(double got, double wanted)
{
	return fabs(got - wanted) <= wanted / 16;
}

static void test_one(void)
{
	static const uint64_t values[] = { 1, 15, 16, 17, 31, 32, 100, 999, 4096,
					   123456, 900000000, 3600000000 };

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		struct stats stats;

		stats_init(&stats);
		stats_worked(&stats, values[i]);
		ok(is_near(stats_latency(&stats, 50) * 1000,
			   (double)values[i]) &&
		   is_near(stats_latency(&stats, 99) * 1000,
			   (double)values[i]),
		   "one latency is all of them");
	}
}

static void test_many(void)
{
	struct stats stats;

	stats_init(&stats);
	ok(stats_latency(&stats, 50) <= 0, "none: 0");
	for (uint64_t us = 1000; us <= 100000; us += 1000)
		stats_worked(&stats, us);
	ok(is_near(stats_latency(&stats, 50), 50), "p50 of 1 to 100 ms");
	ok(is_near(stats_latency(&stats, 99), 99), "p99 of 1 to 100 ms");
	stats_worked(&stats, UINT64_MAX);
	ok(stats_latency(&stats, 100) > 1e9, "the longest has a place");
}

static void test_line(void)
{
	struct stats stats;
	struct buf line;

	stats_init(&stats);
	stats.in = 2;
	stats.out[RECORD_GONE] = 1;
	buf_init(&line, 1024);
	stats_put(&line, "x", &stats, 75);
	ok(strncmp(line.p, "{\"filter\":\"x\",\"pid\":", 20) == 0 &&
	   strstr(buf_cstr(&line), ",\"in\":2,\"good\":0,\"bad\":0,\"gone\":1,") &&
	   strstr(line.p, ",\"status\":75}\n"), "the line");
	memset(&stats, 0xff, sizeof(stats));
	buf_reset(&line);
	stats_put(&line, "s3ev-split", &stats, 75);
	ok(!line.failed, "has room for the largest numbers");
	buf_free(&line);
}

int main(void)
{
	test_one();
	test_many();
	test_line();
	return done();
}
