/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_page: one page of an answer to Query or Scan.
 *
 * Pure; nothing is owned.  A page may have no items and yet not be the last:
 * only that LastEvaluatedKey is absent says so.
 */
#ifndef S3EV_LEDGER_PAGE_H
#define S3EV_LEDGER_PAGE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct ledger_page {
	struct str last;	/* LastEvaluatedKey as JSON, in the answer */
	struct str units;	/* ConsumedCapacity.CapacityUnits, if asked for */
	struct str last_object, last_seq;	/* in last, decoded, in the arena */
};

/*
 * Call each with the JSON of each item, in order; it returns 0 to go on, or -1
 * with err.  Returns -1 with that err, with "InvalidJSON", or, where the answer
 * has no Items, with "UnexpectedAnswer", to be tried again: DynamoDB always has
 * them, perhaps none, and what answers {} to all is something else.
 */
int ledger_page_read(struct str answer, struct arena *arena,
		     int (*each)(void *ctx, struct str item, struct err *err),
		     void *ctx, struct ledger_page *page, struct err *err);

#endif
