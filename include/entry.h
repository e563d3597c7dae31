/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry: write what became of a record to the table, once.
 *
 * One conditional request tells a new item from a repeat, which changes
 * nothing, and from another decision about the same version, which replaces
 * the earlier one if nobody else has done so meanwhile.  That an object is
 * gone by now, and that something failed, replaces no decision.
 */
#ifndef S3EV_ENTRY_H
#define S3EV_ENTRY_H

#include <stdbool.h>

#include "arena.h"
#include "aws.h"
#include "ddb.h"
#include "err.h"
#include "ledger.h"
#include "record.h"

struct entry {
	/* Set by the caller; all borrowed until done. */
	struct aws *aws;
	struct arena *arena;
	const struct record *record;
	const char *table;
	unsigned days;			/* until it expires; 0: never */
	bool dry;			/* only look what would be done */
	void (*done)(void *arg);	/* from the loop or from the start */
	void *arg;

	/* "written", "repeated", "replaced", "kept"; NULL: err says why. */
	const char *status;
	struct err err;

	struct ddb_call call;		/* private from here on */
	struct ledger_key key;
	struct ledger_decision decision;
	unsigned races;		/* lost to others who wrote the same item */
};

void entry_start(struct entry *entry);

/* Stop; done is not called.  What is under way may still be written. */
void entry_cancel(struct entry *entry);

#endif
