/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handled: what was handled of what has arrived, and whether its copies are
 * there, as the ledger and lists tell.
 *
 *	handled_copy()		each copy that was listed, first
 *	handled_item()		each item of the ledger, in any order
 *	handled_is_decided()	then: was this decided, which has arrived?
 *	handled_lacks()		is a copy of this item not there?
 *
 * Of each entry only facts are kept, as digests, so memory grows with the number
 * of entries and not with their names.  Where versions of an object have replaced
 * each other at one place, as s3route -c replace lets them, only the last of them
 * is expected there.
 */
#ifndef S3EV_HANDLED_H
#define S3EV_HANDLED_H

#include <stdbool.h>

#include "base/str.h"
#include "hash/digest_map.h"
#include "record/record.h"
#include "record/record_was.h"

/* All zero at first. */
struct handled {
	struct digest_map facts;	/* private */
	bool is_out_of_memory;		/* facts are missing: decide nothing */
	bool has_lacks;			/* an item has a copy that is not there */
};

void handled_free(struct handled *handled);

void handled_copy(struct handled *handled, const struct record *copy);

void handled_item(struct handled *handled, const struct record *item,
		  const struct record_was *was);

/* A marker of a folder is no data, so nothing is left to do about it. */
bool handled_is_decided(const struct handled *handled, const struct record *r);

/* Does the item say where there is a copy, or was one? */
bool handled_has_copy(const struct record_was *was);

/*
 * Why is what should be at this key, the copy or its explanation, missing: "not
 * there", "something else"?  NULL if it is not, or not expected to be there.
 */
const char *handled_lacks(const struct handled *handled,
			  const struct record *item,
			  const struct record_was *was, struct str key);

/* Is it asked about this object for the first time? */
bool handled_is_new(struct handled *handled, const struct record *r);

#endif
