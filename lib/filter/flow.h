/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow: the engine every filter runs on.
 *
 * It reads records from stdin, hands each to the filter, keeps up to jobs of
 * them in flight, and writes each result to stdout as a whole line when it is
 * finished: in the order of completion, or with keep_order in that of the
 * input.  It stops reading while stdout is blocked or all jobs are busy, so
 * jobs bounds its memory, whatever the input.
 *
 *	line -+- mark: waits until nothing is in flight ------------> stdout
 *	      `- record -+- passes ----------------------+- end() --> stdout
 *	                 `- start() ... flow_done() etc. '
 *
 * A mark ({"mark":"..."}) goes out after the results of all lines before it,
 * and before those of all lines after it.  A failed record passes untouched
 * (but see takes_failed), and so does a record whose outcome is in passes.
 *
 * Every record that comes in goes out, once.  Characters that cannot be seen, or
 * that turn the direction of text, go out as \u202e and the like, as s3ev-split
 * writes them: the same text, but nobody's terminal or log is deceived.
 *
 * Work on a record is not begun when less than FLOW_DEADLINE_MARGIN_MS are left
 * to its deadline, and is cancelled when the deadline comes.  The record has
 * then failed with "DeadlineExceeded".
 *
 * If SOURCE_BUCKETS is set, a record of a bucket that is not in it fails with
 * "ForeignBucket" before any work; see allowed.h.
 */
#ifndef S3EV_FLOW_H
#define S3EV_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "filter/progress.h"
#include "io/loop.h"
#include "record/record.h"

enum { FLOW_JOBS_MAX = 1024, FLOW_DEADLINE_MARGIN_MS = 50 };

struct flow;

/* A record being worked on.  All its memory is valid until it is finished. */
struct flow_item {
	struct record record;
	struct arena arena;	/* for all that the work needs */
	struct buf members;	/* members to add to the record */
	void *state;		/* for the filter; zeroed for each record */
	struct str note;	/* what was done, for -v; borrowed, or absent */

	struct flow *flow;	/* private from here on */
	struct flow_item *next;
	enum record_outcome outcome;
	uint64_t begun;			/* clock_us() */
	struct loop_timer timer;	/* to the deadline */
	bool used, started, finished;
};

struct flow_work {
	const char *name;	/* of the tool, and "by" in the record */

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
	 * Stop the work on this record, because its deadline has come or the
	 * run is broken off (stdout does not work).  Its memory is then freed
	 * or used for another record, so nothing may refer to it any more.
	 * NULL if start() always finishes the record itself.
	 */
	void (*cancel)(void *ctx, struct flow_item *item);

	/*
	 * A record is about to leave, whatever its outcome, even if it passes
	 * untouched.  May be NULL.
	 */
	void (*end)(void *ctx, struct flow_item *item);

	/* Write a line to stderr, with the tool's name and a newline added. */
	void (*report)(void *ctx, const char *line);

	void *ctx;
};

struct flow_options {
	unsigned jobs;		/* records in flight, 1 to FLOW_JOBS_MAX */
	bool keep_order;
	bool verbose;		/* report every record, not only failures */
	bool columns;		/* and in columns, as always on a terminal */
	int terminal;		/* the descriptor of it, or -1; filter.h sets it */
	bool progress;		/* for filter.h */
	const char *stats;	/* for filter.h */
};

/*
 * Run filter over all of stdin.  Returns the exit status: EX_OK, EX_TEMPFAIL if
 * a record failed here or before, EX_DATAERR if a line was not a record or was
 * cut off, EX_IOERR if stdin or stdout did not work, EX_OSERR if memory is out,
 * or the status of flow_status().  Counts in progress->stats.
 */
int flow_run(struct loop *loop, const struct flow_work *filter,
	     const struct flow_options *options, struct progress *progress);

/* The work is done: the record goes out with the members that were added. */
void flow_done(struct flow_item *item);

/* The data is wrong; the reason is cut to FLOW_REASON_MAX bytes. */
enum { FLOW_REASON_MAX = 1024 };
void flow_bad(struct flow_item *item, const struct record_bad *bad);

/*
 * The announced version is no longer there.  now is what was seen instead: an
 * ETag, or "deleted".
 */
void flow_gone(struct flow_item *item, const struct err *err, struct str now);

/*
 * The work could not be done.  Members added so far are dropped.  A record that
 * has failed before keeps its first reason.
 */
void flow_failed(struct flow_item *item, const struct err *err);

/* End with this exit status, such as EX_CONFIG, or with a worse one. */
void flow_status(struct flow_item *item, int status);

/*
 * End the run after this turn of the loop: what is under way is cancelled, and
 * what is not yet written is lost.  Any item that was started will do.
 */
void flow_stop(struct flow_item *item);

#endif
