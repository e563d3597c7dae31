/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_shown: a record for those outside the pipeline: in a log, beside an
 * object, in the environment of a program.
 *
 * Two members are for the filters alone and are left out.  Whoever has
 * from.receipt and may use the queue can delete the message, and fetch.path
 * names a file that is about to go.
 */
#ifndef S3EV_RECORD_SHOWN_H
#define S3EV_RECORD_SHOWN_H

#include "base/buf.h"
#include "base/str.h"

/*
 * Append line, a JSON object, on one line without a newline: without the two
 * members, and with json_put_shown().  All else is as it was written.  Nothing
 * is appended if line is no JSON object; if memory is out, out has failed.
 */
void record_put_shown(struct buf *out, struct str line);

#endif
