/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats: what a run has done, in numbers.
 *
 * Counters, and a histogram of latencies that is right to a sixteenth.  They
 * end as one line of JSON:
 *
 *	{"filter":"s3route","pid":4711,"in":12,"good":6,"bad":6,"gone":0,
 *	 "failed":0,"passed":0,"refused":0,"bytes":20971627,"requests":26,
 *	 "retries":2,"throttles":0,"p50_ms":3.1,"p99_ms":41.9,
 *	 "seconds":0.172,"status":0}
 *
 * Such a line is appended with one write(2), so several filters may share a
 * file.
 */
#ifndef S3EV_STATS_H
#define S3EV_STATS_H

#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "record.h"

enum { STATS_BUCKETS = 38 * 16 };

struct stats {
	unsigned long long in;		/* records read */
	unsigned long long out[RECORD_FAILED + 1];	/* written, by outcome */
	unsigned long long passed;	/* of them, untouched */
	unsigned long long refused;	/* lines that were no record */
	unsigned long long bytes;	/* of the objects worked on, if known */
	unsigned long long requests;	/* to AWS, every try counted */
	unsigned long long retries;	/* of them, not the first of their call */
	unsigned long long throttles;	/* answers that said: slow down */
	uint64_t started;		/* see stats_clock() */
	unsigned long long latencies[STATS_BUCKETS];
};

/* All zero, and the clock runs. */
void stats_init(struct stats *stats);

/* Microseconds of the monotonic clock. */
uint64_t stats_clock(void);

/* The work on a record has taken so long. */
void stats_worked(struct stats *stats, uint64_t microseconds);

/* The latency in ms that this share of all, in percent, has not exceeded. */
double stats_latency(const struct stats *stats, unsigned percent);

/* Records that went out. */
unsigned long long stats_done(const struct stats *stats);

/* Append the line, with its newline. */
void stats_put(struct buf *out, const char *filter, const struct stats *stats,
	       int status);

/* A descriptor for path, at its end; the file is made if there is none. */
int stats_open(const char *path, struct err *err);

/* Write the line to such a descriptor and close it. */
int stats_write(int fd, const char *filter, const struct stats *stats,
		int status, struct err *err);

#endif
