/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger: the item that says what became of an object version.
 *
 *	object	S, partition key	"bucket/key"
 *	seq	S, sort key		see ledger_key()
 *	id, event, time, bucket, key, version, etag, size (N), sequencer
 *	outcome	"good", "bad", "gone", "failed"
 *	reason	why, if it is not good
 *	destination	"bucket/key" of the copy
 *	recorded	when, UTC
 *	count	N, how many decisions there were about this version
 *
 * One Query for an object gives its history in the order of its events,
 * whatever the order of their arrival, and nothing in it is ever overwritten
 * by another version.
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

/* What an item says about the decision; absent where there is none. */
struct ledger_decision {
	struct str outcome, reason, destination;
	unsigned long long count;
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

bool ledger_same(const struct ledger_decision *a,
		 const struct ledger_decision *b);

/* Is old to stay, since new only says that the object is gone by now? */
bool ledger_keeps(const struct ledger_decision *old,
		  const struct ledger_decision *new);

/*
 * The body of PutItem: the item, on the condition that there is none (if
 * decision->count is 1), or that the one there counts one less.  now is in
 * seconds since 1970.
 */
void ledger_put(struct buf *body, const char *table,
		const struct record *record, struct ledger_key key,
		const struct ledger_decision *decision, time_t now);

/* The body of a consistent GetItem of the same item. */
void ledger_get(struct buf *body, const char *table, struct ledger_key key);

/*
 * The decision in an answer that holds an Item (of GetItem, or of a condition
 * that failed).  Returns 1, 0 if there is none in it, -1 with err.
 */
int ledger_read(struct str answer, struct arena *arena,
		struct ledger_decision *decision, struct err *err);

#endif
