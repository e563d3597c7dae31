/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_table: make the DynamoDB table that holds the items of ledger_item.h.
 *
 * Everything is borrowed for the call.
 */
#ifndef S3EV_LEDGER_TABLE_H
#define S3EV_LEDGER_TABLE_H

#include <stdbool.h>

#include "aws/aws.h"
#include "base/err.h"
#include "io/loop.h"

/*
 * Make the table if it does not exist, billed per request, with the index
 * "attention" of what is bad or failed, and wait until it can be written to.
 * Of a table that exists, the keys are only checked.  With expires, tell
 * DynamoDB to remove items when their attribute "expires" has passed.  Runs the
 * loop, for a few minutes at most; call it while nothing else is in flight.
 * Returns -1 with DynamoDB's error, with "InvalidTable" if the table has other
 * keys or expires items by another attribute, or with "Timeout".
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
 */
int ledger_table_create(struct loop *loop, struct aws *aws, const char *name,
		 bool expires, struct err *err);

#endif
