/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/stats.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "format/json_write.h"

enum { STEPS = 16, EXPONENT_MAX = 40 };

void stats_init(struct stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->started = clock_us();
}

/* STEPS buckets for each power of two; below STEPS each number has its own. */
static unsigned bucket_of(uint64_t us)
{
	unsigned exponent = 4;

	if (us < STEPS)
		return (unsigned)us;
	while (exponent < EXPONENT_MAX && us >> (exponent + 1) > 0)
		exponent++;
	if (us >> (exponent + 1) > 0)
		return STATS_BUCKETS - 1;
	return (exponent - 3) * STEPS +
	       (unsigned)(us >> (exponent - 4)) % STEPS;
}

/* The middle of a bucket. */
static double middle_of(unsigned bucket)
{
	unsigned shift = bucket / STEPS - 1;

	if (bucket < STEPS)
		return bucket;
	return ((double)(STEPS + bucket % STEPS) + 0.5) *
	       (double)(1ULL << shift);
}

void stats_worked(struct stats *stats, uint64_t microseconds)
{
	stats->latencies[bucket_of(microseconds)]++;
}

double stats_latency(const struct stats *stats, unsigned percent)
{
	unsigned long long all = 0, seen = 0;
	unsigned bucket = 0;

	for (unsigned i = 0; i < STATS_BUCKETS; i++)
		all += stats->latencies[i];
	if (all == 0)
		return 0;
	while (bucket < STATS_BUCKETS - 1) {
		seen += stats->latencies[bucket];
		if (seen * 100 >= all * percent)
			break;
		bucket++;
	}
	return middle_of(bucket) / 1000;
}

unsigned long long stats_done(const struct stats *stats)
{
	unsigned long long done = 0;

	for (unsigned i = 0; i <= RECORD_FAILED; i++)
		done += stats->out[i];
	return done;
}

void stats_put(struct buf *out, const char *filter, const struct stats *stats,
	       int status)
{
	uint64_t took = clock_us() - stats->started;

	buf_putc(out, '{');
	json_member(out, "filter", str_of(filter));
	json_member_number(out, "pid", (unsigned long long)getpid());
	json_member_number(out, "in", stats->in);
	for (unsigned i = 0; i <= RECORD_FAILED; i++)
		json_member_number(out, record_outcome_name(i), stats->out[i]);
	json_member_number(out, "passed", stats->passed);
	json_member_number(out, "refused", stats->refused);
	json_member_number(out, "bytes", stats->bytes);
	json_member_number(out, "requests", stats->requests);
	json_member_number(out, "retries", stats->retries);
	json_member_number(out, "throttles", stats->throttles);
	buf_printf(out, ",\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"seconds\":%.3f",
		   stats_latency(stats, 50), stats_latency(stats, 99),
		   (double)took / 1e6);
	if (status != STATS_RUNNING)
		json_member_number(out, "status", (unsigned long long)status);
	buf_puts(out, "}\n");
}
