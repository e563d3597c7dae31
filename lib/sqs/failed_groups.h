/* SPDX-License-Identifier: Apache-2.0 */
/*
 * failed_groups: the groups of a FIFO queue whose first message has failed, and
 * from when it may come again.
 *
 * A queue counts each message that a call receives, also those of the group that
 * are not begun then.  So while a failed message is awaited, one message a call is
 * received.  There is room for 64 groups; of one more, what is behind it loses a
 * life more.
 */
#ifndef S3EV_FAILED_GROUPS_H
#define S3EV_FAILED_GROUPS_H

#include <stdint.h>

#include "base/str.h"
#include "sqs/known_ids.h"

struct failed_group {
	struct known_id id;
	uint64_t from;
};

struct failed_groups {			/* private; all zero: none */
	struct failed_group groups[64];
	size_t n;
};

/* The first of this group has failed, and may be received from then on (ms). */
void failed_groups_add(struct failed_groups *failed, struct str group,
		       uint64_t from);

/* One of the group is here: what had failed is here as well, or is dead. */
void failed_groups_remove(struct failed_groups *failed, struct str group);

/*
 * From when on the first of them may come, UINT64_MAX: there is none.  What has
 * not come for a minute is not awaited any more.
 */
uint64_t failed_groups_from(struct failed_groups *failed, uint64_t now);

#endif
