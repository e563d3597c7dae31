/* SPDX-License-Identifier: Apache-2.0 */
/*
 * results: what became of an event, as its records come back.  Pure.
 *
 * An event may hold the messages of a queue or the tasks of S3 Batch
 * Operations, its units; then it is known of each.  Of every other event it is
 * known whether all went well.  What is not known to be done is not done.
 */
#ifndef S3EV_RESULTS_H
#define S3EV_RESULTS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "driver/results_event.h"

struct results_options {
	bool gone_fails;	/* gone counts as failed */
	bool may_drop;		/* a record that a filter leaves out counts as done */
};

struct results_counts {
	unsigned long long records;	/* that came back */
	unsigned long long good, bad, gone;
	unsigned long long failed;	/* with those that did not come back */
	unsigned long long missing;	/* did not come back, as far as known */
};

struct results;

/* NULL if memory is out. */
struct results *results_new(const struct results_options *options);
void results_free(struct results *results);

/*
 * An event begins, and the last one is forgotten.  event is borrowed until
 * results_end().  Returns -1 with err when it is not JSON: then it has no units.
 */
int results_begin(struct results *results, struct str id, struct str event,
		  struct err *err);

/*
 * The same, where the sender knows the ids of its messages, in its order: the
 * event need not be read for them.  They are borrowed for the call.
 */
int results_begin_messages(struct results *results, struct str id,
			   struct str event, const struct str *ids, size_t n,
			   struct err *err);

/*
 * A line that came back.  Returns 1 if it is the mark of this event, 0 if it is
 * a record or another's mark, -1 with err if it is neither.
 */
int results_line(struct results *results, struct str line, struct err *err);

/*
 * No more lines will come: the mark came (why is NULL), or why says what
 * happened instead.  Records that are missing count as failed.
 */
void results_end(struct results *results, const struct err *why);

/* The rest is for after results_end(). */

const struct results_counts *results_counts(const struct results *results);

/* The event, its units in their order. */
const struct results_event *results_event(const struct results *results);

/* Must this unit come again? */
bool results_unit_failed(const struct results *results,
			 const struct results_unit *unit);

/*
 * Did nothing of it fail but what s3ev-split will never take?  Then it is no use
 * to let it come again; its text says why.
 */
bool results_unit_refused(const struct results *results,
			  const struct results_unit *unit);

/* Is it unknown which units failed, so that all did? */
bool results_all_failed(const struct results *results);

/* The first failure, or what happened instead of the mark; not set if all is well. */
const struct err *results_why(const struct results *results);

/*
 * Must the event come again, as a whole?  If so why, which may be NULL, gets the
 * reason, that of its first record.
 */
bool results_failed(const struct results *results, struct err *why);

#endif
