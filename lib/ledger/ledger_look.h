/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_look: which item does a record's version have?
 *
 * An object version has one item, whatever told us of it.  An event names its
 * place by its sequencer (ledger_key.h); what came from a list has to look: what
 * has the same version or, without one, the same ETag, is its item.  Of several
 * events with one ETag the newest is meant, since a list shows what is there
 * now.  An event looks, too, because a list may have been faster: a listed item
 * of its version is its twin.
 *
 * The history of the object is read with Query, consistently, the newest first:
 * 1 read unit for each 4 KB, so mostly 1 in all.  For an event of AWS, whose
 * sequencer tells the time, no more than the newest PAGE items are read, unless
 * what is before them is younger than its object can be, and in addition those
 * that have no time.  All items are read to see who else has a copy.
 *
 * The caller owns the struct, zeroed before use, and keeps it until done is
 * called.
 */
#ifndef S3EV_LEDGER_LOOK_H
#define S3EV_LEDGER_LOOK_H

#include <stdbool.h>

#include "aws/aws.h"
#include "base/arena.h"
#include "base/err.h"
#include "ledger/ddb.h"
#include "ledger/ledger_item.h"
#include "record/record.h"

enum { LEDGER_LOOK_PAGE = 32 };

struct ledger_look {
	/* Set by the caller; all borrowed until done. */
	struct aws *aws;
	struct arena *arena;
	const struct record *record;
	const char *table;
	const struct ledger_stale *copy;	/* is it others', too?  may be NULL */
	void (*done)(void *arg);	/* from the loop, or from the start */
	void *arg;

	/* The result, unless err is set; in the arena. */
	struct err err;
	struct ledger_seen *item;	/* NULL: there is none */
	struct ledger_seen *twin;	/* another of the same version, or NULL */
	bool in_ns;			/* see ledger_key.h */
	bool is_shared;			/* another version says that it is at copy */

	struct ddb_call call;		/* private */
	struct ledger_reader *reader;
	struct arena page;		/* of what is not kept */
	struct str object, seq, earliest, from, shared;
	bool undated;			/* the second part, see above */
};

void ledger_look_start(struct ledger_look *look);

/* Stop; done is not called.  Does nothing to what never started. */
void ledger_look_cancel(struct ledger_look *look);

/* Does anything tell the record's version from others? */
bool ledger_look_knows(const struct record *record);

#endif
