/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sequencer: the order of the events of one key.
 *
 * S3's rule: of two sequencers, pad the shorter on the right with zeros and
 * compare them as text; the later event has the greater one.  They say nothing
 * about events of different keys.  Which case the digits have does not matter
 * here, so all are taken as upper case.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
#ifndef S3EV_SEQUENCER_H
#define S3EV_SEQUENCER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"
#include "record/record.h"

/* Longer than any that S3 sends. */
enum { SEQUENCER_DIGITS = 32 };

/* A character as it counts. */
static inline char sequencer_fold(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/*
 * Does the record's sequencer follow the rule?  It does unless there is none
 * or it is Ceph's, the bytes of whose sequencers are swapped.
 */
bool sequencer_is_ordered(const struct record *record);

/* Are all its characters hexadecimal digits? */
bool sequencer_is_hex(struct str sequencer);

/* Less, equal or greater than 0, as a is older or newer than b. */
int sequencer_compare(struct str a, struct str b);

/*
 * Append it in the form that sorts as text: in upper case, padded to
 * SEQUENCER_DIGITS.  A longer one is not cut.
 */
void sequencer_put(struct buf *out, struct str sequencer);

#endif
