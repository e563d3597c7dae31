/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mark: the line after the records of a document, which says that all are out,
 * and the members that each record gets from its invocation.
 *
 * A struct mark owns its texts.
 */
#ifndef S3EV_MARK_H
#define S3EV_MARK_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "event/event.h"

enum { MARK_TEXT_MAX = 4 << 10 };

struct mark {
	unsigned long long document;	/* its number; 1 is the first */
	unsigned long long position;	/* of the next record, from 0 */
	unsigned long long records;	/* written so far */

	struct buf members;	/* for each record: ,"deadline":... */
	struct buf id;		/* of the invocation, if there is one */
	struct buf error;	/* of the first refusal */
	struct err told;	/* the last refusal that was reported */
	struct buf line;	/* and its line for people */
};

void mark_init(struct mark *mark);
void mark_free(struct mark *mark);

/* The document belongs to invocation.  -1 if its members are too long. */
int mark_invocation(struct mark *mark,
		    const struct event_invocation *invocation);

/*
 * Something was refused; has_record says that a failed record will tell of it.
 * Returns a line for people, borrowed until the next call, or NULL if the line
 * would repeat the last one: every record of a foreign batch is refused alike.
 */
const char *mark_refused(struct mark *mark, const struct err *err,
			 bool has_record);

/*
 * Append the document that asks for this mark: the invocation and its event, on
 * one line.  event must be JSON.
 */
void mark_ask(struct buf *out, const struct event_invocation *invocation,
	      struct str event);

/* Append the mark, with its newline. */
void mark_put(struct buf *out, const struct mark *mark);

/* Go on to the next document. */
void mark_next(struct mark *mark);

#endif
