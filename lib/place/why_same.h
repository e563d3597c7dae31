/* SPDX-License-Identifier: Apache-2.0 */
/*
 * why_same: what the explanation that is there says, beside the one that we would
 * write.
 *
 * Whoever may write where explanations are can write one that has the right id
 * and decision and says something else besides.  So all that it says is
 * compared, member by member and in their order.  Only what belongs to one
 * delivery or one run may be another: when it was written and the object read,
 * ids of messages, the trace, numbers of milliseconds, whether the copy was there
 * already, or made without annotations.  Each has its form, in which no sentence
 * can be written.
 */
#ifndef S3EV_WHY_SAME_H
#define S3EV_WHY_SAME_H

#include "base/arena.h"
#include "base/str.h"

enum why_same {
	WHY_NONE,	/* no explanation */
	WHY_OF_OTHER,	/* one of another record, or of another copy */
	WHY_OLDER,	/* of this record, but it does not say the same */
	WHY_SAME
};

/* ours is an explanation; there may be anything.  Memory comes from arena. */
enum why_same why_same(struct str there, struct str ours, struct arena *arena);

#endif
