/* SPDX-License-Identifier: Apache-2.0 */
/*
 * region: a table of buckets and the regions they are in.
 *
 * S3 answers a request for a bucket in another region by naming that region.
 * With the table only one request per bucket goes to the wrong one.  When the
 * table is full, the oldest entry is dropped and may be learned again.
 */
#ifndef S3EV_REGION_H
#define S3EV_REGION_H

#include "base/str.h"

enum { REGION_TABLE_SIZE = 32, REGION_BUCKET_MAX = 255, REGION_MAX = 63 };

/* All zero is empty. */
struct region_table {
	struct region_entry {
		char bucket[REGION_BUCKET_MAX + 1];
		char region[REGION_MAX + 1];
	} entries[REGION_TABLE_SIZE];
	unsigned next;
};

/* Absent if the bucket is not known; borrowed until the next is learned. */
struct str region_find(const struct region_table *table, struct str bucket);

/* Remember a region, unless one of the names is too long or no name. */
void region_learn(struct region_table *table, struct str bucket,
		  struct str region);

/*
 * The region in a host of S3, "bucket.s3.eu-west-1.amazonaws.com" or
 * "s3-eu-west-1.amazonaws.com"; absent if none is there.  Borrowed from host.
 */
struct str region_of_host(struct str host);

#endif
