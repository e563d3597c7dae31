/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/ledger_page.h"

#include <stddef.h>

#include "format/json_each.h"
#include "format/json_pick.h"

struct members {
	struct str items, last, units, object, seq;
};

int ledger_page_read(struct str answer, struct arena *arena,
		     int (*each)(void *ctx, struct str item, struct err *err),
		     void *ctx, struct ledger_page *page, struct err *err)
{
	static const struct json_pick_field fields[] = {
		{ "Items", offsetof(struct members, items), false },
		{ "LastEvaluatedKey", offsetof(struct members, last), false },
		{ "LastEvaluatedKey.object.S", offsetof(struct members, object),
		  true },
		{ "LastEvaluatedKey.seq.S", offsetof(struct members, seq),
		  true },
		{ "ConsumedCapacity.CapacityUnits",
		  offsetof(struct members, units), false },
	};
	struct members members = { .items = STR_NONE };

	if (json_pick(fields, sizeof(fields) / sizeof(*fields), answer, arena,
		      &members, err) < 0)
		return -1;
	if (!members.items.p) {
		err_set(err, "UnexpectedAnswer", "the answer has no Items, so "
			"it is none of DynamoDB");
		err->retry = true;
		return -1;
	}
	*page = (struct ledger_page){ members.last, members.units,
				      members.object, members.seq };
	return json_each(members.items, each, ctx, err);
}
