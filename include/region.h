/* SPDX-License-Identifier: Apache-2.0 */
/*
 * region: in which regions buckets were found to be.
 *
 * S3 answers a request for a bucket of another region by naming that region,
 * so it is asked in the wrong place once.  A small table: when it is full, the
 * oldest entry is forgotten and has to be learned again.
 */
#ifndef S3EV_REGION_H
#define S3EV_REGION_H

#include "str.h"

enum { REGION_TABLE_SIZE = 32, REGION_BUCKET_MAX = 255, REGION_MAX = 63 };

/* All zero is empty. */
struct region_table {
	struct region_entry {
		char bucket[REGION_BUCKET_MAX + 1];
		char region[REGION_MAX + 1];
	} entries[REGION_TABLE_SIZE];
	unsigned next;
};

/* Absent if nothing was learned; borrowed until something else is. */
struct str region_find(const struct region_table *table, struct str bucket);

/* Names that are too long, or are no names, are not learned. */
void region_learn(struct region_table *table, struct str bucket,
		  struct str region);

/*
 * The region in a host of S3, "bucket.s3.eu-west-1.amazonaws.com" or
 * "s3-eu-west-1.amazonaws.com"; absent if none is there.  Borrowed from host.
 */
struct str region_of_host(struct str host);

#endif
