/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mark: what the mark behind a document's records says, and what each of the
 * records says of the invocation that waits for it.
 */
#ifndef S3EV_MARK_H
#define S3EV_MARK_H

#include <stdbool.h>

#include "buf.h"
#include "err.h"
#include "event.h"

enum { MARK_TEXT_MAX = 4 << 10 };

struct mark {
	unsigned long long document;	/* its number; 1 is the first */
	unsigned long long position;	/* of the next record, from 0 */
	unsigned long long records;	/* that have gone out */

	struct buf members;	/* for each record: ,"deadline":... */
	struct buf id;		/* of the invocation, if it is one's */
	struct buf error;	/* of what was refused the first */
	struct err told;	/* what was refused the last, */
	struct buf line;	/* in words */
};

void mark_init(struct mark *mark);
void mark_free(struct mark *mark);

/* The document is an invocation's; -1 if its members are too long. */
int mark_invocation(struct mark *mark,
		    const struct event_invocation *invocation);

/*
 * Something was refused; has_record if a record tells of it.  Returns a line
 * for people, borrowed until the next call, or NULL when it would say the same
 * again: a batch of another kind has the same in every record.
 */
const char *mark_refused(struct mark *mark, const struct err *err,
			 bool has_record);

/*
 * Append the document that asks for this mark: an invocation's, with its
 * event, which must be JSON, on one line.
 */
void mark_ask(struct buf *out, const struct event_invocation *invocation,
	      struct str event);

/* Append the mark, with its newline. */
void mark_put(struct buf *out, const struct mark *mark);

/* On to the next document. */
void mark_next(struct mark *mark);

#endif
