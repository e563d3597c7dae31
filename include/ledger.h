/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger: the item that says what became of an object version.
 *
 *	object	S, partition key	"bucket/key"
 *	seq	S, sort key		see ledger_key()
 *	id, event, time, bucket, key, version, etag, size (N), sequencer
 *	outcome	"good", "bad", "gone", "failed"
 *	by, code, reason	who says so if it is not good, and why
 *	line, column, byte, count	N, where it is bad, and how often
 *	destination	"bucket/key" of the copy
 *	recorded	when, UTC
 *	decisions	N, how many there were about this version
 *	expires	N, seconds since 1970: when DynamoDB may remove the item
 *	trimmed	SS, the attributes that were cut to LEDGER_TEXT_MAX
 *
 * One Query for an object gives its history in the order of its events,
 * whatever the order of their arrival, and nothing in it is ever overwritten
 * by another version.
 *
 * A failure decides nothing: it counts no decision, it is written only where
 * there is none, and the first decision replaces it.
 */
#ifndef S3EV_LEDGER_H
#define S3EV_LEDGER_H

#include <stdbool.h>
#include <time.h>

#include "arena.h"
#include "buf.h"
#include "err.h"
#include "record.h"
#include "str.h"

/*
 * The most bytes of a text in an item, which DynamoDB lets grow to 400 KB in
 * all; what is longer is cut between characters.  The parts of the key never
 * are: DynamoDB refuses what no object of S3 can be called.
 */
enum { LEDGER_TEXT_MAX = 4096 };

/* What an item says about the decision; absent where there is none. */
struct ledger_decision {
	struct str outcome, by, code, reason, destination;
	unsigned long long count;	/* of decisions; a failure is none */
};

/*
 * An item's key.  seq is the sequencer in upper case, padded on the right with
 * zeros to 32 digits, so that it compares as S3 says sequencers do; for a
 * record without one, and for Ceph's, which do not sort as text, the event's
 * time; then '#' and the version, ETag or id.  A part is absent if memory is
 * out.
 */
struct ledger_key {
	struct str object, seq;
};
struct ledger_key ledger_key(const struct record *record, struct arena *arena);

/* The decision that a record holds.  Text in the record or in the arena. */
struct ledger_decision ledger_decision(const struct record *record,
				       struct arena *arena);

/*
 * Is it the same decision?  How the object is gone does not matter (an
 * overwritten one may be deleted later), nor who says so.
 */
bool ledger_same(const struct ledger_decision *a,
		 const struct ledger_decision *b);

/* Is it none, since the work failed? */
bool ledger_is_failure(const struct ledger_decision *decision);

/*
 * Is old to stay, since new only says that the object is gone by now, or that
 * something failed?
 */
bool ledger_keeps(const struct ledger_decision *old,
		  const struct ledger_decision *new);

/* An item to put; all borrowed. */
struct ledger_item {
	const char *table;
	const struct record *record;
	struct ledger_key key;
	struct ledger_decision decision;
	time_t now;		/* seconds since 1970 */
	unsigned days;		/* until it expires; 0: never */
};

/*
 * The body of PutItem: the item, on the condition that there is none but a
 * failure (if it counts no decision or one), or that the one there counts one
 * decision less.
 */
void ledger_put(struct buf *body, const struct ledger_item *item);

/* The body of a consistent GetItem of the same item. */
void ledger_get(struct buf *body, const char *table, struct ledger_key key);

/*
 * The decision in an answer that holds an Item (of GetItem, or of a condition
 * that failed).  Returns 1, 0 if there is none in it, -1 with err.
 */
int ledger_read(struct str answer, struct arena *arena,
		struct ledger_decision *decision, struct err *err);

#endif
