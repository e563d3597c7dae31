/* SPDX-License-Identifier: Apache-2.0 */
/* served: files of a record that nobody needs any more. */
#ifndef S3EV_SERVED_H
#define S3EV_SERVED_H

#include "arena.h"
#include "record.h"

/*
 * Remove what was fetched and what was put out.  The paths come from a record,
 * so only a file that was named after this record's id is removed.
 */
void served_remove(const struct record *record, struct arena *arena);

#endif
