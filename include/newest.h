/* SPDX-License-Identifier: Apache-2.0 */
/*
 * newest: of several events of one object, the last.
 *
 * Which is the last the sequencers say, by S3's rule: fold the case, pad the
 * shorter on the right with zeros, compare as text; they mean something only
 * between events of one key.  Events without one, and Ceph's, whose bytes are
 * swapped, are not compared: all of them are kept.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 *
 * Memory grows with the number of keys, up to NEWEST_MAX bytes of lines.
 */
#ifndef S3EV_NEWEST_H
#define S3EV_NEWEST_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "record.h"
#include "str.h"

#define NEWEST_MAX ((size_t)1 << 30)

struct newest_entry;

struct newest {
	void *tree;			/* of what can be compared */
	struct newest_entry *first, **last;	/* all, in order of arrival */
	size_t bytes;
	unsigned long long folded;	/* events that another has replaced */
};

void newest_init(struct newest *newest);
void newest_free(struct newest *newest);

/*
 * Keep the line of an event, or not, if a newer one of the object is known; a
 * line that is absent is one that nobody wants, but that others yield to.
 * -1 if memory is out.
 */
int newest_add(struct newest *newest, const struct record *record,
	       struct str line);

/*
 * The same of a line that out ends with, from byte start on: it is taken back.
 */
int newest_hold(struct newest *newest, const struct record *record,
		struct buf *out, size_t start, bool wanted);

/*
 * Hand out the lines, in the order in which they came, and begin afresh (but
 * go on counting what is folded).  Returns -1 as soon as put does.
 */
int newest_drain(struct newest *newest,
		 int (*put)(void *ctx, struct str line), void *ctx);

/* Less, equal or greater than 0, as a is older or newer than b. */
int newest_compare(struct str a, struct str b);

#endif
