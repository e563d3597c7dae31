/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_was: what an earlier run has decided about a record, and where its
 * bytes are now.
 *
 * ddb-list writes "was" of what the ledger has: the decision, where its copy is,
 * and a copy of a still earlier decision that is to be removed ("stale").  When
 * the source is gone, as after a move, the bytes are in the bad copy: s3fetch
 * reads them there and says so in "fetch.at".  Text goes to the arena.
 */
#ifndef S3EV_RECORD_WAS_H
#define S3EV_RECORD_WAS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "record/record.h"

/* A copy that we have made; without a key there is none. */
struct record_copy {
	struct str outcome;	/* "good", "bad" */
	struct str bucket, key, etag, version;
	struct str endpoint;	/* of another store; absent: of this one */
	struct str why;		/* the key of its explanation */
};

struct record_was {
	struct record_copy copy;	/* its outcome is that of the decision */
	struct str by, code, reason;
	struct str recorded, decided;	/* when, and the how manieth it was */
	struct str missing;		/* why an audit has found it missing */
	struct record_copy stale;
};

/*
 * 1, 0 if the record has none, -1 with "InvalidRecord" if no request can be made
 * of it.
 */
int record_was(const struct record *record, struct arena *arena,
	       struct record_was *was, struct err *err);

/*
 * Is the copy proven: is it known which object it was?
 */
bool record_copy_is_known(const struct record_copy *copy);

/* Are both the same place? */
bool record_copy_same_place(const struct record_copy *a,
			    const struct record_copy *b);

/*
 * Where the source's bytes are if the source is gone: the copy of a bad object,
 * or one with the source's ETag; behind tried, where they are not, or NULL.
 * NULL: nobody has them.
 */
const struct record_copy *record_was_bytes(const struct record_was *was,
					   const struct record *record,
					   const struct record_copy *tried);

/*
 * The record as if its object were copy; the id and all else stay.  Borrows
 * both.
 */
struct record record_at(const struct record *record,
			const struct record_copy *copy);

/*
 * Append the record's line and a newline, with "missing" at the end of its "was".
 * That is what lets s3route place again a copy that the ledger says was made.
 */
void record_put_missing(struct buf *out, const struct record *record,
			struct str why);

/* Append "at" to the members of "fetch", and read it.  As record_was(). */
void record_put_at(struct buf *members, const struct record_copy *copy);
int record_fetched_at(const struct record *record, struct arena *arena,
		      struct record_copy *copy, struct err *err);

#endif
