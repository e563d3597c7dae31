/* SPDX-License-Identifier: Apache-2.0 */
/*
 * results_event: what an event holds of which its sender wants to know: the
 * messages of a queue, or the tasks of S3 Batch Operations.  A part of results.
 */
#ifndef S3EV_RESULTS_EVENT_H
#define S3EV_RESULTS_EVENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "record/record.h"

enum results_kind { RESULTS_WHOLE, RESULTS_MESSAGES, RESULTS_TASKS };

/* A message or a task. */
struct results_unit {
	struct str id;
	unsigned long long expected;	/* records that may come of it; of a
					 * message once they are counted */
	unsigned long long got;		/* those that came back */
	bool missing;			/* some of those did not come back */
	bool retry;
	enum record_outcome outcome;	/* of the worst of its records */
	struct str code, text;		/* of that record; of a message only if
					 * it failed */
	unsigned long long failures;	/* records that failed */
	unsigned long long refusals;	/* of them, what s3ev-split refused */
};

/* All zero is an empty event.  Its texts lie in its own arena. */
struct results_event {
	enum results_kind kind;
	bool is_fifo;
	struct str schema, invocation;	/* of S3 Batch Operations */
	struct results_unit *units;	/* in the order of the event */
	size_t count, size;
	unsigned long long others;	/* records that come of none of them, once
					 * they are counted */

	struct arena arena;		/* private from here on */
	size_t found;			/* where the last search ended */
};

/* Forget the last event and read this one, which must be one JSON value. */
int results_event_read(struct results_event *event, struct str text,
		      struct err *err);

/* The same of messages with these ids, in the order of an event: no FIFO queue's. */
int results_event_take(struct results_event *event, const struct str *ids,
		       size_t n, struct err *err);

/*
 * Count the records of each message, as s3ev-split finds them.  It takes longer
 * than all else that is done for an event, and is seldom needed.  text is that
 * which was read.
 */
int results_event_count(struct results_event *event, struct str text,
			struct err *err);
void results_event_free(struct results_event *event);

/* The unit with this id, or NULL. */
struct results_unit *results_event_find(struct results_event *event,
				      struct str id);

#endif
