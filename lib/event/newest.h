/* SPDX-License-Identifier: Apache-2.0 */
/*
 * newest: keep only the last of several events of one object.
 *
 * The sequencers say which is the last (sequencer.h).  Events whose sequencer
 * is absent, is no hexadecimal number or does not follow the rule are not
 * compared: all of them are kept.
 *
 * A struct newest owns copies of the lines.  Memory grows with the number of
 * keys, up to NEWEST_MAX bytes of lines.
 */
#ifndef S3EV_NEWEST_H
#define S3EV_NEWEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"
#include "record/record.h"

#define NEWEST_MAX ((size_t)1 << 30)

struct newest_entry;

struct newest {
	void *tree;			/* of the entries to compare */
	struct newest_entry *first, **last;	/* all, in order of arrival */
	size_t bytes;
	unsigned long long folded;	/* older events left out */
};

void newest_init(struct newest *newest);
void newest_free(struct newest *newest);

/*
 * Take the line of an event back from the end of out, from byte start on, and
 * keep it, unless a newer event of the object is known.  If it is not wanted,
 * only what it replaces is dropped.  -1 if memory is out.
 */
int newest_hold(struct newest *newest, const struct record *record,
		struct buf *out, size_t start, bool wanted);

/*
 * Pass all lines to put, in order of arrival, and forget them (but go on
 * counting folded).  Returns -1 as soon as put does.
 */
int newest_drain(struct newest *newest,
		 int (*put)(void *ctx, struct str line), void *ctx);

#endif
