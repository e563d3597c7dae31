/* SPDX-License-Identifier: Apache-2.0 */
/* table: a table of DynamoDB that holds what ledger.h makes. */
#ifndef S3EV_TABLE_H
#define S3EV_TABLE_H

#include <stdbool.h>

#include "aws.h"
#include "err.h"
#include "loop.h"

/*
 * Make the table if it is not there, paid for by the request, and wait until
 * it can be written to.  With expires, DynamoDB is to remove the items whose
 * time has come.  One that is there already with the right keys is left as it
 * is.  Runs the loop, for minutes at most; to be called while nothing else is
 * under way.  Returns -1 with DynamoDB's error, with "InvalidTable" if the
 * table has other keys or another attribute for the time, or with "Timeout".
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
 */
int table_create(struct loop *loop, struct aws *aws, const char *name,
		 bool expires, struct err *err);

#endif
