/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3_look: what is really there, when an answer leaves it open.
 *
 * A refused condition decides nothing: the object may have been overwritten, or
 * the server may refuse its own ETag, spell it in another way, or know no
 * conditions.  A missing key may be there under another spelling.  So before
 * an object is called gone, it is looked at once more, without a condition:
 *
 *	HEAD ── the announced object ──► S3_SIGHT_SAME: the server is odd
 *	  ├──── but written again ─────► S3_SIGHT_UNKNOWN, "WrittenAgain": its ETag
 *	  │				 is the same, its content may not be
 *	  ├──── another one ───────────► S3_SIGHT_OTHER, now is its ETag
 *	  ├──── neither ETag nor
 *	  │	version is announced ──► S3_SIGHT_UNKNOWN, unless AWS's word on
 *	  │				 the size says that it is another one
 *	  ├──── nothing, S3 says so ───► HEAD of the other spellings of the key
 *	  │	  ├──── there ─────────► S3_SIGHT_UNKNOWN, err says what to set
 *	  │	  ├──── no word of S3 ─► S3_SIGHT_UNKNOWN, err says why
 *	  │	  └──── not there ─────► S3_SIGHT_GONE, now is "deleted"
 *	  └──── no word of S3 ─────────► S3_SIGHT_UNKNOWN, err says why
 */
#ifndef S3EV_S3_LOOK_H
#define S3EV_S3_LOOK_H

#include "base/err.h"
#include "base/str.h"
#include "record/record.h"
#include "s3/s3.h"

enum s3_sight {
	S3_SIGHT_SAME, S3_SIGHT_OTHER, S3_SIGHT_GONE, S3_SIGHT_UNKNOWN
};

enum { S3_LOOK_SPELLINGS = 2 };

struct s3_look {
	/* Set by the caller; all borrowed until done. */
	struct s3_work work;
	struct str etag;		/* that it should have, if that is known */
	struct record_marks read;	/* what else it should have */
	void (*done)(void *arg);	/* from the loop, never from the start */
	void *arg;

	/*
	 * The result.  err is always set, in words for people: for S3_SIGHT_SAME
	 * what is odd about the server ("OddServer", worth another try).
	 */
	enum s3_sight sight;
	struct err err;
	struct str now;			/* an ETag, "deleted", or absent */

	struct s3_call call;		/* private from here on */
	struct str spellings[S3_LOOK_SPELLINGS];
	size_t n_spellings, at;
};

/* Look at the object of work.record. */
void s3_look_start(struct s3_look *look);

/* Stop; done is not called.  Does nothing to what never started. */
void s3_look_cancel(struct s3_look *look);

#endif
