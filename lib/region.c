/* SPDX-License-Identifier: Apache-2.0 */
#include "region.h"

#include <string.h>

#include "config.h"

static struct region_entry *find(const struct region_table *table,
				 struct str bucket)
{
	for (size_t i = 0; i < REGION_TABLE_SIZE; i++)
		if (str_is(bucket, table->entries[i].bucket))
			return (struct region_entry *)&table->entries[i];
	return NULL;
}

struct str region_find(const struct region_table *table, struct str bucket)
{
	const struct region_entry *entry = bucket.n > 0 ? find(table, bucket) :
							  NULL;

	return entry ? str_of(entry->region) : STR_NONE;
}

static void put(char *out, struct str s)
{
	memcpy(out, s.p, s.n);
	out[s.n] = '\0';
}

void region_learn(struct region_table *table, struct str bucket,
		  struct str region)
{
	struct region_entry *entry;

	if (bucket.n == 0 || bucket.n > REGION_BUCKET_MAX ||
	    region.n > REGION_MAX || !config_is_label(region))
		return;
	entry = find(table, bucket);
	if (!entry) {
		entry = &table->entries[table->next];
		table->next = (table->next + 1) % REGION_TABLE_SIZE;
	}
	put(entry->bucket, bucket);
	put(entry->region, region);
}

/* The last "s3" or "s3-REGION" counts: a bucket may be called so, too. */
struct str region_of_host(struct str host)
{
	struct str region = STR_NONE, label;
	bool after_s3 = false;

	while ((label = str_next(&host, '.')).p) {
		if (after_s3 && str_is(label, "dualstack"))
			continue;
		if (after_s3 && !str_is(label, "amazonaws"))
			region = label;
		else if (str_has_prefix(label, STR("s3-")))
			region = (struct str){ label.p + 3, label.n - 3 };
		after_s3 = str_is(label, "s3");
	}
	return region;
}
