/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peers: what the other filters of a pipeline say of themselves.
 *
 * They append lines to the file that --stats names, see filter/stats.h, at
 * their end, and to a FIFO also while they run.  This reads those lines.  Of
 * each process the last one counts, since its numbers are those of its whole
 * run, and the processes of one filter are added up.  A process that says less
 * than before, or anything after its end, is another one with its pid.  Where
 * there are PEERS_MAX, another takes the place of one of its filter that has
 * ended, whose numbers stay in the sum.  In a file, only what is appended from
 * now on is read.
 */
#ifndef S3EV_PEERS_H
#define S3EV_PEERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "io/lines.h"
#include "stat/metrics.h"

enum { PEERS_MAX = 32, PEERS_NAME_SIZE = 32 };

struct peer_counts {
	unsigned long long requests, retries, throttles;
};

struct peer {
	char name[PEERS_NAME_SIZE];	/* of the filter, "s3route" */
	unsigned long long pid;
	bool has_ended;
	struct peer_counts counts;	/* its own, */
	struct peer_counts before;	/* and of those whose place it has */
	double p50, p99;		/* seconds */
};

struct peers {
	struct peer list[PEERS_MAX];
	size_t n;
	unsigned long long refused;	/* lines that were none, */
	unsigned long long too_many;	/* or of more processes than that */

	int fd;				/* private from here on; -1: none */
	struct lines lines;
};

/* No peers, if path is NULL.  -1 with ERR_SYSTEM. */
int peers_open(struct peers *peers, const char *path, struct err *err);
void peers_close(struct peers *peers);

/* Read what is there. */
void peers_read(struct peers *peers);

/* Read until all of them have closed a FIFO, or so many ms are over. */
void peers_drain(struct peers *peers, int ms);

/* Add their metrics; these borrow from peers. */
void peers_put(struct metrics *metrics, const struct peers *peers);

/* The sums over all of them. */
struct peer_counts peers_sum(const struct peers *peers);

#endif
