/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/region.h"

#include <string.h>

#include "config/config.h"
#include "format/url.h"

/* The index of a bucket, REGION_TABLE_SIZE if it has none. */
static unsigned find(const struct region_table *table, struct str bucket)
{
	unsigned i = 0;

	while (i < REGION_TABLE_SIZE &&
	       !str_is(bucket, table->entries[i].bucket))
		i++;
	return i;
}

struct str region_find(const struct region_table *table, struct str bucket)
{
	unsigned i = find(table, bucket);

	if (bucket.n == 0 || i == REGION_TABLE_SIZE)
		return STR_NONE;
	return str_of(table->entries[i].region);
}

static void put(char *out, struct str s)
{
	memcpy(out, s.p, s.n);
	out[s.n] = '\0';
}

void region_learn(struct region_table *table, struct str bucket,
		  struct str region)
{
	unsigned i;

	if (bucket.n == 0 || bucket.n > REGION_BUCKET_MAX ||
	    region.n > REGION_MAX || !url_is_label(region))
		return;
	i = find(table, bucket);
	if (i == REGION_TABLE_SIZE) {
		i = table->next;
		table->next = (i + 1) % REGION_TABLE_SIZE;
	}
	put(table->entries[i].bucket, bucket);
	put(table->entries[i].region, region);
}

/* The last label "s3" or "s3-REGION" counts: a bucket may be named so, too. */
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
