/* SPDX-License-Identifier: Apache-2.0 */
#include "record/allowed.h"

static const char between[] = ", \t\r\n";

void allowed_init(struct allowed *allowed, const char *list)
{
	*allowed = (struct allowed){ .list = list };
}

int allowed_add(struct allowed *allowed, const char *name)
{
	if (allowed->count == ALLOWED_MAX)
		return -1;
	allowed->names[allowed->count++] = name;
	return 0;
}

struct str allowed_next(const char **list)
{
	struct str name;

	if (!*list)
		return STR_NONE;
	*list += strspn(*list, between);
	name = (struct str){ *list, strcspn(*list, between) };
	*list += name.n;
	return name.n > 0 ? name : STR_NONE;
}

bool allowed_is_any(const struct allowed *allowed)
{
	return allowed->count == 0 && (!allowed->list || !*allowed->list);
}

bool allowed_is_named(const struct allowed *allowed, struct str bucket)
{
	const char *list = allowed->list;
	struct str name;

	for (size_t i = 0; i < allowed->count; i++)
		if (str_is(bucket, allowed->names[i]))
			return true;
	while ((name = allowed_next(&list)).p)
		if (str_eq(name, bucket))
			return true;
	return false;
}

bool allowed_bucket(const struct allowed *allowed, struct str bucket)
{
	return allowed_is_any(allowed) || allowed_is_named(allowed, bucket);
}

int allowed_refuse(struct str bucket, struct err *err)
{
	return err_set(err, "ForeignBucket",
		       "bucket %.*s is not among the source buckets",
		       STR_FMT(bucket));
}
