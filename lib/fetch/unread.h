/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unread: why an object could not be read: is it gone, or is its server odd?
 *
 * A refused condition may be that of a server which refuses its own ETag.  The
 * first record that shows it fails; the others are read without the condition,
 * and fail if that does not help, as where a proxy changes the ETag in each
 * answer.
 *
 *	unread_look() ── HEAD, see s3_look.h ──► UNREAD_GONE
 *	                        │ ├────────────► UNREAD_FAILED
 *	                        │ └ odd, first ► UNREAD_FAILED, quirk noted
 *	                        └── odd, known ► UNREAD_AGAIN, without condition
 */
#ifndef S3EV_UNREAD_H
#define S3EV_UNREAD_H

#include <stdbool.h>

#include "record/record.h"
#include "s3/s3.h"
#include "s3/s3_look.h"

enum unread_end {
	UNREAD_GONE,	/* look.err and look.now say how */
	UNREAD_FAILED,	/* look.err says why */
	UNREAD_AGAIN	/* begin again with the object */
};

struct unread {
	struct s3_look look;	/* its err and now are the result */

	/* Private. */
	void (*done)(void *arg, enum unread_end end);
	void *arg;
	bool is_unpinned;	/* it is read without its condition */
};

/* The object is going to be read, with these options, which have quirks. */
void unread_begin(struct unread *unread, const struct s3_options *options);

/*
 * It could not be read; read is what was learned of it.  done is called with arg
 * from the loop.  The options of work are those that unread_begin() had.
 */
void unread_look(struct unread *unread, const struct s3_work *work,
		 const struct record_marks *read,
		 void (*done)(void *arg, enum unread_end end), void *arg);

/* Stop; done is not called.  Does nothing to what never started. */
void unread_cancel(struct unread *unread);

#endif
