/* SPDX-License-Identifier: Apache-2.0 */
#include "sqs/failed_groups.h"

enum { AWAITED_MS = 60000 };

static void drop(struct failed_groups *failed, size_t i)
{
	failed->groups[i] = failed->groups[--failed->n];
}

void failed_groups_add(struct failed_groups *failed, struct str group,
		       uint64_t from)
{
	failed_groups_remove(failed, group);
	if (failed->n < sizeof(failed->groups) / sizeof(*failed->groups))
		failed->groups[failed->n++] =
			(struct failed_group){ known_id(group), from };
}

void failed_groups_remove(struct failed_groups *failed, struct str group)
{
	struct known_id id;

	if (failed->n == 0)
		return;
	id = known_id(group);
	for (size_t i = failed->n; i-- > 0;)
		if (known_id_eq(failed->groups[i].id, id))
			drop(failed, i);
}

uint64_t failed_groups_from(struct failed_groups *failed, uint64_t now)
{
	uint64_t from = UINT64_MAX;

	for (size_t i = failed->n; i-- > 0;) {
		if (failed->groups[i].from + AWAITED_MS < now)
			drop(failed, i);
		else if (failed->groups[i].from < from)
			from = failed->groups[i].from;
	}
	return from;
}
