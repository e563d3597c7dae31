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
 * Such a line is appended with one write(2), so several filters may share a
 * file.  A FIFO also gets lines without status while the run lasts: whoever
 * reads it wants to know now, and it does not grow.
 */
#ifndef S3EV_STATS_H
#define S3EV_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
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

/*
 * Open path to append to it; the file is made if there is none.  A FIFO is
 * waited for until somebody reads it, as long as somebody reads stdout.  It
 * takes the number of no standard descriptor, if one of them is closed.
 */
int stats_open(const char *path, struct err *err);

bool stats_is_fifo(int fd);

enum { STATS_TELL_MS = 5000 };	/* the time between two lines to a FIFO */

/*
 * Another descriptor of stdout, to be closed behind the last line.  Who reads our
 * stdout sees its end only then, and so has all lines when it looks for them.
 * -1 if there can be none.
 */
int stats_hold_stdout(void);

/*
 * Write the line to fd, which is from stats_open().  Where nobody reads a FIFO
 * any more, that is an error as any other.
 */
int stats_append(int fd, const char *filter, const struct stats *stats,
		 int status, struct err *err);

/* The same, and close it. */
int stats_write(int fd, const char *filter, const struct stats *stats,
		int status, struct err *err);

#endif
