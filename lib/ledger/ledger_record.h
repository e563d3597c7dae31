/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_record: an item of the ledger as a record again.
 *
 * The record is as it was announced, pinned to its version or ETag.  Beside it,
 * as "was", stands what became of it, which record_was.h reads.  Nothing of that
 * counts as an outcome.  Pure.
 */
#ifndef S3EV_LEDGER_RECORD_H
#define S3EV_LEDGER_RECORD_H

#include "base/buf.h"
#include "ledger/ledger_item.h"

/*
 * Why no record can be made of the item; NULL: one can.  Anybody may have put
 * items into the table.
 */
const char *ledger_record_fault(const struct ledger_seen *seen);

/* Append the record, with its newline.  The item has no fault. */
void ledger_record_put(struct buf *out, const struct ledger_seen *seen);

#endif
