/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show: lines of JSON on stdout: logged records, metrics.
 */
#ifndef S3EV_SHOW_H
#define S3EV_SHOW_H

#include "base/buf.h"
#include "base/str.h"

/* Write a line as it is.  It is left out if it has failed for want of memory. */
void show_line(const struct buf *line);

/*
 * Write prefix, which may be absent, and the record as record_put_shown() has
 * it, on one line.  It is left out if there is no memory.
 */
void show_record(struct str prefix, struct str record);

#endif
