/* SPDX-License-Identifier: Apache-2.0 */
/*
 * found: an entry of a list or an inventory as a record, if it was asked for.
 *
 * The record is the one that s3ev-split would make of a list, so every filter
 * works behind it: id, bucket, key, version, etag, size; and what only lists
 * know, modified and, where it is not STANDARD, class.  There is never a time:
 * nobody knows when the event was.
 */
#ifndef S3EV_FOUND_H
#define S3EV_FOUND_H

#include <stdbool.h>
#include <time.h>

#include "base/buf.h"
#include "base/globs.h"
#include "base/str.h"
#include "list/page.h"

/* All zero takes every object in its present version. */
struct found_choice {
	bool versions;		/* older versions, too */
	bool has_since, has_until;
	time_t since, until;	/* from since on, before until */
	unsigned long long min_size;
	struct globs names;	/* of keys; none: any */
	struct globs classes;
};

/*
 * Read "2026-11-29T12:00:00Z", or "2026-11-29" for its first second.  -1 if it
 * is no time.
 */
int found_time(struct str text, time_t *seconds);

enum found { FOUND_PUT, FOUND_LEFT_OUT, FOUND_REFUSED };

/*
 * Append the record, with its newline, if the choice takes it.  A marker of a
 * deletion is no object, and is left out.  FOUND_REFUSED with why in *fault if
 * no record can be made: its key is not UTF-8, for example.
 */
enum found found_put(struct buf *out, const struct found_choice *choice,
		     struct str bucket, const struct page_entry *entry,
		     const char **fault);

#endif
