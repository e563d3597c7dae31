/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_write: write what became of a record to the table, once.
 *
 *	an event: PutItem, if there is no decision --> LOOK
 *	  `-- there is one: MEET
 *	from a list: LOOK --> no item: PutItem, if there is none --> LOOK again
 *	               `----> an item: MEET
 *	MEET ledger_item_keeps() ---> kept
 *	  |- the same --------------> repeated
 *	  `- another: PutItem, if nobody has replaced it --> replaced
 *	                `-- somebody has: compare again, up to 8 times
 *	LOOK (ledger_look.h)
 *	  |- no other item ---------> written, or as MEET has it
 *	  `- a twin: PutItem with what both say, if the item is still what was
 *	     seen; then DeleteItem of the twin, if that is; then LOOK again
 *
 * Whoever writes a new item looks behind it.  So of two that write at the same
 * time, one from a list and one from an event, at least one sees both items, and
 * makes them one.  What both say is in the item that stays before the other goes.
 * Killed between, two items are there until the record comes again.
 *
 * Who decides anew has seen the decision that he replaces, and no other one.
 *
 * So a new item costs one write and one read, or two reads if it is from a list,
 * and a repeat changes nothing.  The caller owns the struct, zeroed before use,
 * and keeps it until done is called.
 */
#ifndef S3EV_LEDGER_WRITE_H
#define S3EV_LEDGER_WRITE_H

#include <stdbool.h>

#include "aws/aws.h"
#include "base/arena.h"
#include "base/err.h"
#include "ledger/ddb.h"
#include "ledger/ledger_item.h"
#include "ledger/ledger_look.h"
#include "record/record.h"

struct ledger_write {
	/* Set by the caller; all borrowed until done. */
	struct aws *aws;
	struct arena *arena;
	const struct record *record;
	const char *table;
	unsigned days;			/* until it expires; 0: never */
	bool dry;			/* only look what would be done */
	const struct ledger_stale *stale;	/* that the decision leaves to be
						 * removed; may be NULL.  "kept",
						 * if it is another's copy, too */
	bool settles;			/* what was stale is away */
	bool expects;			/* replace another decision only if */
	unsigned long long expected;	/* there were so many of them; else
					 * it fails with "DecidedSince" */
	void (*done)(void *arg);	/* maybe from ledger_write_start() */
	void *arg;

	/* "written", "repeated", "replaced", "kept"; NULL: err says why. */
	const char *status;
	struct err err;

	struct ddb_call call;		/* private from here on */
	struct ledger_look look;
	struct ledger_item_key key;
	struct ledger_facts facts;
	struct ledger_decision decision;
	const struct ledger_seen *old, *twin;
	const char *result;
	bool is_written;	/* by us: our item is there */
	unsigned races;		/* comparisons with another's item */
};

#define LEDGER_SINCE	"another run has decided it otherwise since: make a " \
			"new list"

void ledger_write_start(struct ledger_write *entry);

/* Stop; done is not called.  A request in flight may still be written. */
void ledger_write_cancel(struct ledger_write *entry);

#endif
