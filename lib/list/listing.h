/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing: what is in a bucket, asked of the server.
 *
 * walk.h says what to ask for, up to jobs pages at once; here it is asked.  A
 * server without ListObjectsV2 shows by its first answer that it has none, and
 * is asked in the old way from then on.
 */
#ifndef S3EV_LISTING_H
#define S3EV_LISTING_H

#include <stdbool.h>

#include "aws/aws.h"
#include "base/err.h"
#include "base/str.h"
#include "list/page.h"
#include "list/walk.h"
#include "s3/s3.h"
#include "s3/s3_list.h"

struct listing_job;

struct listing {
	/* Set by the caller; all borrowed. */
	struct aws *aws;
	const struct s3_options *options;	/* may be NULL */
	struct str bucket;
	enum s3_list_kind kind;		/* S3_LIST_V2 may become S3_LIST_V1 */
	unsigned page_size;		/* entries of a page */
	struct walk *walk;

	/*
	 * A page has come, and holds what belongs to its span.  walk says what
	 * is left when these are out.
	 */
	void (*page)(void *ctx, const struct page *page);

	/* Has the caller room for another page? */
	bool (*has_room)(void *ctx);
	void *ctx;

	/* Set when something went wrong; nothing is asked for any more. */
	struct err err;

	struct listing_job *jobs;	/* private from here on */
	unsigned n_jobs, active;
	bool is_known;			/* what the server understands */
};

/* Begin.  -1 if memory is out. */
int listing_start(struct listing *listing, struct err *err);

/* There may be room again. */
void listing_go_on(struct listing *listing);

/* Is all out, or has it failed? */
bool listing_is_over(const struct listing *listing);

/* Stop what is under way, and free everything. */
void listing_free(struct listing *listing);

#endif
