/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_item: the item that says what became of an object version.
 *
 * The room ledger keeps the outcome of each object version in a DynamoDB table.
 * This module makes and reads the JSON of requests and answers, and is pure:
 * text is borrowed from the record or lies in the caller's arena.
 *
 *	object	S, partition key	"bucket/key"
 *	seq	S, sort key		see ledger_key.h
 *	id, event, time, modified, source, bucket, key, version, etag,
 *	size (N), sequencer
 *	outcome	"good", "bad", "gone", "failed"
 *	by, code, reason	who says so if it is not good, and why
 *	line, column, byte, count	N, where it is bad, and how often
 *	destination	"bucket/key" of the copy
 *	destination_etag, destination_version, endpoint, why	of the copy, as
 *		far as they are known: its ETag and version, the store if that
 *		is another one, and the key of its explanation
 *	unguarded	BOOL, true if others may have overwritten that copy
 *	recorded	the time of writing, UTC
 *	decided	N, how many decisions were made about this version
 *	decisions	L of M, the newest first, LEDGER_DECISIONS_MAX at most:
 *		outcome, by, code, reason, destination, recorded
 *	stale	M, the copy of an earlier decision that is still to be removed:
 *		outcome (of that decision), bucket, key, etag, version, why
 *	attention	"bad" or "failed": the key of an index that holds only
 *		what has it.  An item with a stale copy counts as bad
 *	expires	N, seconds since 1970: when DynamoDB may remove the item
 *	trimmed	SS, the attributes that were cut to LEDGER_TEXT_MAX
 *
 * One Query for an object gives its history in the order of its events,
 * whatever the order of their arrival, and nothing in it is ever overwritten
 * by another version.
 *
 * A failure is not a decision: it is not counted, it is written only if there
 * is no decision, and the first decision replaces it.
 *
 * In tables of before, decisions is a number and means what decided does now.
 */
#ifndef S3EV_LEDGER_ITEM_H
#define S3EV_LEDGER_ITEM_H

#include <stdbool.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "ledger/ledger_key.h"
#include "record/record.h"

/*
 * The most bytes of a text in an item, because DynamoDB limits a whole item to
 * 400 KB.  Longer texts are cut between characters.  The attribute object is
 * never cut: no name that S3 allows is too long for DynamoDB.
 */
enum {
	LEDGER_TEXT_MAX = 4096,
	LEDGER_DECISIONS_MAX = 16,
	LEDGER_REASON_MAX = 256	/* of code and reason within decisions */
};

/* What is known of the version, whoever told us of it.  Any may be absent. */
struct ledger_facts {
	struct str id, event, time, modified, source, bucket, key, version,
		   etag, size, sequencer;
};

/* A copy that an earlier decision has made, and that is to be removed. */
struct ledger_stale {
	struct str outcome, bucket, key, etag, version, why;
};

/* The decision as an item holds it.  Any text may be absent. */
struct ledger_decision {
	struct str outcome, by, code, reason, destination;
	struct str destination_etag, destination_version, endpoint, why;
	struct str unguarded;		/* "true", or absent */
	struct str line, column, byte, faults;	/* numbers */
	struct str recorded;		/* when; absent: not yet */
	unsigned long long count;	/* of decisions; a failure is none */
};

/* An item as it was read. */
struct ledger_seen {
	struct ledger_item_key key;
	struct ledger_facts facts;
	struct ledger_decision decision;
	struct ledger_stale stale;
	struct str expires, attention;
	struct str decisions;	/* the list as JSON; absent in old items */
	struct str decided;	/* the number as it is spelled */
	bool is_old;		/* that number is called decisions */
};

struct ledger_facts ledger_facts(const struct record *record);

/* a, and of b what a does not have. */
struct ledger_facts ledger_facts_both(const struct ledger_facts *a,
				      const struct ledger_facts *b);

/* The decision that a record holds; text lies in the record or in the arena. */
struct ledger_decision ledger_decision(const struct record *record,
				       struct arena *arena);

/*
 * Are the decisions the same?  It does not matter who made them, nor how an
 * object is gone: one that was overwritten may be deleted later.  An output that
 * has become another one is another decision.
 */
bool ledger_item_same(const struct ledger_decision *a,
		 const struct ledger_decision *b);

/*
 * Is the decision new, which has no destination yet, one that old has carried
 * out?  That is so of good and bad, not of what is gone or failed.
 */
bool ledger_item_repeats(const struct ledger_decision *old,
			 const struct ledger_decision *new);

/* Is it a failure, and so no decision? */
bool ledger_item_is_failure(const struct ledger_decision *decision);

/*
 * Must old stay?  It must if it is a decision and new is only a failure, or if
 * it says good or bad and new only says that the object is gone by now.
 */
bool ledger_item_keeps(const struct ledger_decision *old,
		  const struct ledger_decision *new);

/* An item to put; all borrowed. */
struct ledger_item {
	const char *table;
	struct ledger_item_key key;
	struct ledger_facts facts;
	struct ledger_decision decision;
	struct ledger_stale stale;	/* without a bucket: none */
	const struct ledger_seen *old;	/* the item there, or NULL */
	const struct ledger_seen *twin;	/* another one, to be in it, or NULL */
	time_t now;		/* seconds since 1970 */
	unsigned days;		/* until it expires; 0: as old, or never */
};

/*
 * The body of PutItem.  Without old it is written on the condition that there
 * is no decision yet, or only a failure; else if the item there is still old.
 */
void ledger_item_put(struct buf *body, const struct ledger_item *item);

/* The body of a consistent GetItem of the same item. */
void ledger_item_get(struct buf *body, const char *table, struct ledger_item_key key);

/* The body of DeleteItem: the item, if it is still what was seen. */
void ledger_item_delete(struct buf *body, const char *table,
			const struct ledger_seen *seen);

/*
 * The body of UpdateItem: the stale copy is away, if the item is still what was
 * seen.
 */
void ledger_item_settle(struct buf *body, const char *table,
			const struct ledger_seen *seen);

/*
 * Read the Item in an answer of GetItem, or of a PutItem whose condition
 * failed.  Returns 1, 0 if there is no Item, -1 with err.
 */
int ledger_item_read(struct str answer, struct arena *arena,
		struct ledger_seen *seen, struct err *err);

/* Items as they stand in an answer of Query or Scan; text as above. */
struct ledger_reader;

struct ledger_reader *ledger_reader_new(void);
void ledger_reader_free(struct ledger_reader *reader);

/* Read one Item, {"object":{"S":...},...}.  -1 with err. */
int ledger_reader_item(struct ledger_reader *reader, struct str item,
		       struct arena *arena, struct ledger_seen *seen,
		       struct err *err);

#endif
