/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow: the engine every filter runs on.
 *
 * It reads records from stdin, hands each to the filter, keeps up to jobs of
 * them in flight, and writes each result to stdout as a whole line when it is
 * finished: in the order of completion, or with keep_order in that of the
 * input.  It stops reading while stdout is not taken or all jobs are busy, so
 * memory is bounded by jobs and never by the input.
 *
 * A mark ({"mark":"..."}) goes out only after the results of everything before
 * it, and before anything behind it.  A failed record (but see takes_failed),
 * and one whose outcome the filter does not care for, passes untouched.
 *
 * Every record that comes in goes out, once.
 *
 * Work on a record with a deadline is not begun when less than
 * FLOW_DEADLINE_MARGIN_MS are left, and cancelled when it comes: failed, with
 * "DeadlineExceeded".
 */
#ifndef S3EV_FLOW_H
#define S3EV_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "err.h"
#include "loop.h"
#include "progress.h"
#include "record.h"
#include "str.h"

enum { FLOW_JOBS_MAX = 1024, FLOW_DEADLINE_MARGIN_MS = 50 };

struct flow;

/* A record being worked on.  All of it lives until it is finished. */
struct flow_item {
	struct record record;
	struct arena arena;	/* for whatever the work needs */
	struct buf members;	/* json_member() what the record is to gain */
	void *state;		/* the filter's, zeroed for each record */

	struct flow *flow;	/* private from here on */
	struct flow_item *next;
	enum record_outcome outcome;
	uint64_t begun;			/* stats_clock() */
	struct loop_timer timer;	/* to the deadline */
	bool started, finished;
};

struct flow_filter {
	const char *name;	/* the tool's, and "by" in the record */

	/* Outcomes that pass untouched: 1u << RECORD_BAD and so on. */
	unsigned passes;
	bool takes_failed;	/* else failed records pass untouched */

	size_t state_size;	/* bytes of flow_item.state */

	/*
	 * Begin the work on a record.  It ends with exactly one call of
	 * flow_done(), flow_bad(), flow_gone() or flow_failed(), from here or
	 * from a callback of the loop.
	 */
	void (*start)(void *ctx, struct flow_item *item);

	/*
	 * Its deadline has come, or the run is broken off (stdout does not
	 * work): stop the work on this record, whose memory is used for another
	 * or freed next, and leave nothing of it behind.
	 * NULL if start never leaves anything under way.
	 */
	void (*cancel)(void *ctx, struct flow_item *item);

	/*
	 * A record is about to leave, whatever became of it, also one that
	 * passes untouched.  May be NULL.
	 */
	void (*end)(void *ctx, struct flow_item *item);

	/* Say a line on stderr; the name and the newline are not part of it. */
	void (*report)(void *ctx, const char *line);

	void *ctx;
};

struct flow_options {
	unsigned jobs;		/* records in flight, 1 to FLOW_JOBS_MAX */
	bool keep_order;
	bool verbose;		/* report every record, not only failures */
	bool columns;		/* and in columns; always so on a terminal */
	bool progress;		/* for filter.h */
	const char *stats;	/* for filter.h */
};

/*
 * Run filter over all of stdin.  Returns the exit status: EX_OK,
 * EX_TEMPFAIL when a record failed here or before, EX_DATAERR when input was
 * no record or ended inside one, EX_IOERR when stdin or stdout did not work,
 * EX_OSERR when memory is out, or what flow_status() asked for.  It counts in
 * progress->stats.
 */
int flow_run(struct loop *loop, const struct flow_filter *filter,
	     const struct flow_options *options, struct progress *progress);

/* The record is decided: it goes out with the members that were added. */
void flow_done(struct flow_item *item);

/* The data is wrong; the reason is cut to FLOW_REASON_MAX bytes. */
enum { FLOW_REASON_MAX = 1024 };
void flow_bad(struct flow_item *item, const struct record_bad *bad);

/* The announced version is no longer there. */
void flow_gone(struct flow_item *item, const struct err *err);

/*
 * We could not do our work.  Members added so far are dropped.  A record that
 * has failed before keeps the first reason.
 */
void flow_failed(struct flow_item *item, const struct err *err);

/* End with this exit status, unless something worse happens (EX_CONFIG). */
void flow_status(struct flow_item *item, int status);

#endif
