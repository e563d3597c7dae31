/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_key: where the item of an object version stands in its history.
 *
 * The partition key is "bucket/key", so one Query gives the history of an
 * object.  The sort key, seq, is a place in time in 32 digits, then '#' and the
 * version, ETag or id.  An event's place is its sequencer, in upper case and
 * padded on the right with zeros, which sorts by S3's rule.  What came from a
 * list has no sequencer.  Its place is made of the time when the object was
 * written (modified, or else time) as AWS makes sequencers: 00, then the seconds
 * since 1970 in eight hexadecimal digits, then what is less than a second.  So
 * it stands behind the events before that second and before those in it.  Events
 * of Ceph, whose sequencers do not sort, have such a place too.  Without any time
 * the place is 0, before all others.
 *
 * MinIO's sequencers are nanoseconds since 1970 in 16 digits.  Where an object
 * has such events already, its listed versions get a place among them.
 *
 * Pure; text goes to the caller's arena.  A part is absent if memory is out.
 */
#ifndef S3EV_LEDGER_KEY_H
#define S3EV_LEDGER_KEY_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"
#include "record/record.h"

struct ledger_item_key {
	struct str object, seq;
};

/* in_ns: the place is made as MinIO makes it, if there is no sequencer. */
struct ledger_item_key ledger_item_key(const struct record *record,
				       bool in_ns, struct arena *arena);

/* "bucket/key"; absent also if one of them is empty. */
struct str ledger_key_joined(struct str bucket, struct str key,
			     struct arena *arena);

/* Does this sequencer tell the time of its event in nanoseconds? */
bool ledger_key_is_ns(struct str sequencer, struct str time);

/*
 * A listed item of the same version cannot stand before this place; absent: it
 * may stand anywhere.  Known only where the sequencer tells the time, as AWS's
 * do.  The object was written at most an hour before its event, unless it came
 * in parts: then it is as old as the first of them.
 */
struct str ledger_key_earliest(const struct record *record,
			       struct arena *arena);

/* Items without any time stand before this. */
#define LEDGER_KEY_DATED "0001"

#endif
