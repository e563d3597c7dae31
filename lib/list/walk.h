/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk: all keys of a bucket in pages, several of them asked for at once.
 *
 * The keys that are still to be listed are spans: everything behind one key, up
 * to another.  Each span is walked page by page, by its own last key and never
 * by what the server says of the next page.  A span that turns out long, since a
 * page of it came and was not the last, is cut into several (middle.h) where
 * there are requests to spare.  No key belongs to two spans, and none to no
 * span, so no key is missed and none comes twice; what an answer has beyond the
 * end of its span is left to the next one.
 *
 *	IDLE --walk_next()--> ASKED --walk_take()-+-- more --> IDLE
 *	                                          `-- last --> gone
 *
 * This is about keys alone: no request, no clock.  Texts are copied.
 */
#ifndef S3EV_WALK_H
#define S3EV_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "list/middle.h"
#include "list/page.h"

enum {
	WALK_JOBS_MAX = 1024,
	WALK_KEY_MAX = 16 << 10,	/* servers other than AWS's take more
					 * than 1024 bytes */
	WALK_EMPTY_MAX = 10000		/* pages without entries, in a row */
};

struct walk_span {
	struct buf after;	/* the last key that was seen, or "" */
	struct buf version;	/* and its version, when its others follow */
	struct buf token;	/* behind an empty page: what the server says */
	struct buf token_version;
	struct buf upto;	/* the last key that belongs to it, */
	bool is_open;		/* unless everything does */

	struct walk_span *next;	/* private from here on */
	struct buf safe;	/* every version up to this key is out */
	bool asked;
	bool is_foreign;	/* versions of after belong to the span before */
	size_t first, last;	/* places at which keys of a page differ */
	double more;		/* pages that are left, by estimate */
	unsigned pages;		/* since it was last cut */
	unsigned empties;
};

struct walk {
	struct walk_span *spans;	/* in the order of their keys */
	struct buf prefix, greatest;
	struct middle_seen seen;
	unsigned jobs, count;
	bool versions;
	unsigned long long full, wasted;	/* pages, by what they were */
	bool failed;			/* memory is out */
};

/*
 * Begin with what is behind after, which may be absent, and has the prefix.
 * Up to jobs spans are walked at once: with 1, keys come in their order.
 * versions says that a key may come several times, each with a version.
 */
void walk_init(struct walk *walk, struct str prefix, struct str after,
	       unsigned jobs, bool versions);
void walk_free(struct walk *walk);

/*
 * Instead of what walk_init() began with: one more span, behind those that were
 * added before.  An absent upto is for all that follows.
 */
void walk_add(struct walk *walk, struct str after, struct str upto);
void walk_clear(struct walk *walk);

/* Is nothing left? */
bool walk_is_done(const struct walk *walk);

/*
 * The next span to ask about, which counts as asked from now on, or NULL when
 * there is none at present.  It stays where it is until walk_take().
 */
struct walk_span *walk_next(struct walk *walk);

/*
 * The page that follows span->after has come: leave in it the entries that
 * belong to the span, and go on behind them.  The span may be gone then.  -1
 * with "NoProgress" if the page does not lead on: it repeats what was there, it
 * is empty and has no token, or a new one for ever; with "UnsortedList" if its
 * entries are not in order, with "OtherPrefix" if they are others, and if memory
 * was out for what divides the keys, from the beginning on.
 */
int walk_take(struct walk *walk, struct walk_span *span, struct page *page,
	      struct err *err);

/*
 * Everything up to this key is out: "" at first, and the last of all when the
 * walk is done.  A key that is not UTF-8, which JSON cannot say, is cut off where
 * it is not, here and below: what follows is listed again rather than missed.
 */
struct str walk_safe(const struct walk *walk);

/*
 * Append what is left as JSON: [["after","upto"],["after"]], in order, so that
 * walk_add() of each begins where this stands.
 */
void walk_put_left(const struct walk *walk, struct buf *out);

#endif
