/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply_event: who invoked us, and what it wants an answer for: the messages
 * of a queue, or the tasks of S3 Batch Operations.  A part of reply.
 */
#ifndef S3EV_REPLY_EVENT_H
#define S3EV_REPLY_EVENT_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "err.h"
#include "record.h"
#include "str.h"

enum reply_kind { REPLY_DIRECT, REPLY_SQS, REPLY_BATCH };

/* A message or a task. */
struct reply_unit {
	struct str id;
	unsigned long long expected;	/* records that may come of it */
	unsigned long long got;		/* those that came back */
	bool missing;			/* some should have and did not */
	bool retry;
	enum record_outcome outcome;	/* of the worst of its records */
	struct str code, text;		/* of that */
};

/* All zero is an event without anything; its text is its own. */
struct reply_event {
	enum reply_kind kind;
	bool is_fifo;
	struct str schema, invocation;	/* of S3 Batch Operations */
	struct reply_unit *units;	/* in the order of the event */
	size_t count, size;
	unsigned long long others;	/* records that come of none of them */

	struct arena arena;		/* private from here on */
	size_t found;			/* where the last search ended */
};

/* Begin afresh with this event, which must be one JSON value. */
int reply_event_read(struct reply_event *event, struct str text,
		      struct err *err);
void reply_event_free(struct reply_event *event);

/* The unit with this id, or NULL. */
struct reply_unit *reply_event_find(struct reply_event *event,
				      struct str id);

#endif
