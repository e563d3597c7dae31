/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats: what a run has done, in numbers.
 *
 * There are counters, and a histogram of latencies that is accurate to one
 * sixteenth.  A struct stats owns nothing.  At the end of a run it becomes one
 * line of JSON:
 *
 *	{"filter":"s3route","pid":4711,"in":12,"good":6,"bad":6,"gone":0,
 *	 "failed":0,"passed":0,"refused":0,"bytes":20971627,"requests":26,
 *	 "retries":2,"throttles":0,"p50_ms":3.1,"p99_ms":41.9,
 *	 "seconds":0.172,"status":0}
 *
 * stats_file.h writes it.
 */
#ifndef S3EV_STATS_H
#define S3EV_STATS_H

#include <stdint.h>

#include "base/buf.h"
#include "record/record.h"

enum { STATS_BUCKETS = 38 * 16 };

struct stats {
	unsigned long long in;		/* records read */
	unsigned long long out[RECORD_FAILED + 1];	/* written, by outcome */
	unsigned long long passed;	/* of these, untouched */
	unsigned long long refused;	/* lines that were not records */
	unsigned long long bytes;	/* of the objects worked on, if known */
	unsigned long long requests;	/* to AWS, retries included */
	unsigned long long retries;	/* of these, not the first try */
	unsigned long long throttles;	/* answers that said: slow down */
	uint64_t started;		/* see clock_us() */
	unsigned long long latencies[STATS_BUCKETS];
};

/* Set all counters to zero and start the clock. */
void stats_init(struct stats *stats);

/* Count the time that the work on a record took. */
void stats_worked(struct stats *stats, uint64_t microseconds);

/* The latency in ms that so many percent of the records did not exceed. */
double stats_latency(const struct stats *stats, unsigned percent);

/* The number of records written. */
unsigned long long stats_done(const struct stats *stats);

enum { STATS_RUNNING = -1 };	/* a status: there is none yet */

/* Append the line, with its newline. */
void stats_put(struct buf *out, const char *filter, const struct stats *stats,
	       int status);

#endif
