/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_read: has this been done before?
 *
 * The item of the record's version is looked for (ledger_look.h).  What it says
 * is done if it is the decision that the record holds, and if it names a copy:
 * whoever takes copies away has had this one.  A record whose object nothing
 * pins, as one from a list of names, may stand for another object each time, so
 * the ledger is not asked about it.  The caller owns the struct, zeroed before
 * use, and keeps it until done is called.
 */
#ifndef S3EV_LEDGER_READ_H
#define S3EV_LEDGER_READ_H

#include <stdbool.h>

#include "aws/aws.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "ledger/ledger_look.h"
#include "record/record.h"

struct ledger_read {
	/* Set by the caller; all borrowed until done. */
	struct aws *aws;
	struct arena *arena;
	const struct record *record;	/* without a route, good or bad */
	const char *table;
	void (*done)(void *arg);	/* maybe from ledger_read_start() */
	void *arg;

	/* The result, unless err is set. */
	struct err err;
	bool was_asked;
	const struct ledger_seen *item;	/* NULL: there is none */
	bool is_done;
	struct str destination;		/* "bucket/key" of the copy, if it is */

	struct ledger_look look;	/* private */
};

void ledger_read_start(struct ledger_read *read);

/* Stop; done is not called.  Does nothing to what never started. */
void ledger_read_cancel(struct ledger_read *read);

/* Take "bucket/key" apart (object_name.h).  false: that is not what it is. */
bool ledger_read_split(struct str destination, struct str *bucket,
		       struct str *key);

#endif
