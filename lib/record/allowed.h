/* SPDX-License-Identifier: Apache-2.0 */
/*
 * allowed: the buckets whose objects may be worked on.
 *
 * An event is only a text: whoever can write to the queue names any bucket in
 * it, and our credentials may open more than one.  The environment variable
 * SOURCE_BUCKETS, or an option of s3ev-split, says which are meant.  Names are
 * compared as they are, without patterns.  A list of blanks and commas, as it is
 * left by variables that are not set, allows none.  The text is borrowed.
 */
#ifndef S3EV_ALLOWED_H
#define S3EV_ALLOWED_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

enum { ALLOWED_MAX = 64 };

/* All zero allows any bucket. */
struct allowed {
	const char *list;	/* names between commas and blanks, or NULL */
	const char *names[ALLOWED_MAX];		/* and more of them */
	size_t count;
};

/* Begin with a list; NULL and an empty one are none. */
void allowed_init(struct allowed *allowed, const char *list);

/* Add one more name.  Returns -1 if there are ALLOWED_MAX already. */
int allowed_add(struct allowed *allowed, const char *name);

/* Is there no list, so that any bucket is allowed? */
bool allowed_is_any(const struct allowed *allowed);

/* Is the bucket among the names? */
bool allowed_is_named(const struct allowed *allowed, struct str bucket);

/* Is it, or is any allowed? */
bool allowed_bucket(const struct allowed *allowed, struct str bucket);

/* Take the next name off a list, which moves on; absent at its end. */
struct str allowed_next(const char **list);

/* Say that it is not: code "ForeignBucket", of no use to try again. */
int allowed_refuse(struct str bucket, struct err *err);

#endif
