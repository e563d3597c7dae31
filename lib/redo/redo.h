/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redo: an object was decided anew; what the earlier decision has put elsewhere
 * goes.
 *
 * The caller has had the object judged again and has put it where it belongs
 * now, with its explanation if it is bad.  This module then makes the ledger say
 * so, and removes the copy that is superseded: one in another place than the new
 * one, in the same store.  A copy in the new one's place was replaced or is the
 * same, and one in another store is not ours to reach.
 *
 * From step to step; each may be the last, because we were killed behind it.
 * The names are those of tests/model/redo.pml, which tries that.
 *
 *	step		the bytes are in	the ledger says
 *
 *	PLACE		the old copy and,	what it was; its copy is the
 *	  │ the caller	now, the new one	old one
 *	NOTE		both			what it is now; its copy is the
 *	  │ ledger_write			new one, the old one is stale
 *	LOOK, REMOVE	the new one		the same
 *	REMOVE_WHY
 *	  │ removal.h
 *	RECORD		the new one		what it is now; nothing is stale
 *	    ddb-record, from "settled" in the record
 *
 * So at each step the ledger names a copy that is there, and whatever is still
 * to be removed is in the ledger, which gives it to the next who comes:
 *
 *	the ledger has decided
 *	otherwise since the list ─────► fails: nothing is placed
 *	the ledger has a stale copy ──► LOOK at that one first, without NOTE,
 *	  │				unless another version has it by now;
 *	  │				where the new one is, somebody may be
 *	  │				about to remove it: NOTE, kept
 *	the old copy is superseded ───► NOTE, LOOK
 *	  ├── other objects or versions
 *	  │   may have it as theirs ──► kept: only the explanation is removed
 *	  ├── its ETag is unknown ────► kept: removal.h removes no such copy
 *	  ├── others may overwrite
 *	  │   the new one ────────────► NOTE, kept: a later run may remove it
 *	  └── the ledger keeps what
 *	      it has instead ─────────► END: nothing is removed
 *	nothing is superseded ────────► END
 *	the object is gone, and the
 *	ledger has a stale copy ──────► HEAD of the new one: if it is there, all
 *					of the above, else END
 *
 * Two may have different processors.  NOTE and RECORD replace the decision that was
 * seen, and no other ("decided", ledger_write.h).  Whoever relies on a copy that
 * was stale removes nothing in the same run: should a removal that was begun take
 * that copy away, the next run has the bytes from the other one.
 *
 * Nothing of others can be removed.  The names are those that ddb-list has from
 * the ledger, where we have written them; removal.h takes away only the version
 * or the ETag that the ledger has of the copy, and only an explanation that
 * names this record.  Objects of equal bytes whose names a template makes equal
 * share one copy; so do equal versions of one object.  The ledger tells of
 * the versions, and for other objects the name has to tell them apart.  The
 * last copy cannot be removed either, since the new one is in its place
 * before.  In a dry run nothing is written or removed, only named.
 *
 * The caller owns the struct, zeroed before use, and keeps it until done is
 * called.
 */
#ifndef S3EV_REDO_H
#define S3EV_REDO_H

#include <stdbool.h>

#include "aws/aws.h"
#include "base/buf.h"
#include "base/err.h"
#include "io/loop.h"
#include "ledger/ledger_item.h"
#include "ledger/ledger_look.h"
#include "ledger/ledger_write.h"
#include "record/record.h"
#include "record/record_was.h"
#include "redo/removal.h"
#include "s3/s3.h"

/* What can be removed: the stale and the old copy, and what explains them. */
enum { REDO_REMOVED_MAX = 4 };

struct redo {
	/* Set by the caller; all borrowed until done. */
	struct loop *loop;
	struct s3_work work;		/* at the copies, on the record */
	struct aws *aws;		/* of the ledger */
	const char *table;
	bool dry;			/* name what would be removed */
	bool is_unsafe;			/* others may overwrite the new copy */
	/*
	 * How good and bad objects are named, and whether they come from
	 * several buckets: what has a name that others may have, too, is left.
	 */
	const char *good_template, *bad_template;
	bool has_buckets;
	struct record_was was;		/* as ddb-list has written it */
	bool expects;			/* the ledger has so many decisions, */
	unsigned long long expected;	/* see ledger_write.h */
	struct record_copy now;		/* the new copy; its endpoint is that of
					 * the store, also if there is none */
	void (*done)(void *arg);	/* from the loop, or from the start */
	void *arg;

	struct err err;			/* is set: failed; try again */

	bool has_begun;			/* private from here on */
	struct record noted;		/* the record with its route */
	struct ledger_stale stale;
	struct ledger_write write;
	struct ledger_look look;	/* who else has what is to be removed? */
	struct s3_call seen;		/* HEAD of the copy that is now */
	struct removal removal;
	struct record_copy *removing;	/* one of was */
	struct { struct str bucket, key; } removed[REDO_REMOVED_MAX];
	unsigned n_removed;
	struct err kept;		/* why a copy was not removed */
	bool relies;			/* on a copy that was stale */
	bool settled;			/* nothing of before is left */
};

/*
 * The list may be older than the ledger, whose item is seen, or NULL.  If that
 * has the decision that the record holds, its stale copy is what is to be removed,
 * and its copy is ours.  -1 with "DecidedSince" if it has another.
 */
int redo_catch_up(struct record_was *was, struct record_copy *ours,
		  const struct record *record, const struct ledger_seen *seen,
		  struct arena *arena, struct err *err);

/*
 * What place.h may replace, whatever its policy: our own output of the same
 * version, if it is one and in the store of endpoint.  Without a key: nothing.
 */
struct s3_object redo_ours(const struct record_copy *ours, struct str endpoint);

/* The new copy is in its place. */
void redo_start(struct redo *redo);

/*
 * Neither the object nor its bad copy is there any more.  If the ledger has the
 * new copy already, somebody was killed before the end of the removal.
 */
void redo_gone(struct redo *redo);

/* Stop; done is not called.  Does nothing to what never started. */
void redo_cancel(struct redo *redo);

/*
 * Append "redo" to a record's members: from what to what, whether anything has
 * changed, how many decisions the ledger has ("decided"), what was removed ("removed", or "removes" in a dry run), why something
 * was not ("kept"), and whether nothing is left ("settled").  Appends nothing if
 * there was nothing to do.
 */
void redo_put(struct buf *members, const struct redo *redo);

#endif
