/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard: never write where the events come from.
 *
 * What is written there is announced, and written again, and so on: that loop
 * has cost people fortunes.  It is safe to write to the bucket of the event
 * only if events come for one prefix, as somebody has to say, and no name that
 * is written begins with it.
 */
#ifndef S3EV_GUARD_H
#define S3EV_GUARD_H

#include "base/err.h"
#include "base/str.h"
#include "record/record.h"

/*
 * May the record's object be written to key in bucket, with the other names
 * that this takes (dest_key_second(), dest_key_why())?  source_prefix is where
 * events come from, or NULL.  -1 with "WouldLoop", which explains.
 */
int guard_check(const char *source_prefix, const struct record *record,
		struct str bucket, struct str key, struct err *err);

#endif
