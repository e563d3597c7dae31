/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inventory_source: an S3 Inventory read from its bucket, or from a copy of it.
 *
 *	manifest.json -> manifest.checksum -> file -> file -> ... -> over
 *
 * Files are read one after the other, each as a stream.  In S3 they lie in the
 * bucket of the manifest.  Beside a copy, ".../CONFIG/DATE/manifest.json", they
 * are looked for in ".../CONFIG/data" and in the manifest's own folder.
 */
#ifndef S3EV_INVENTORY_SOURCE_H
#define S3EV_INVENTORY_SOURCE_H

#include <stdbool.h>

#include "aws/aws.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "fetch/object_reader.h"
#include "io/loop.h"
#include "list/inventory.h"
#include "record/record.h"
#include "s3/s3.h"

struct inventory_source {
	/* Set by the caller; all borrowed. */
	struct loop *loop;
	struct aws *aws;		/* NULL: the manifest is a local file */
	const struct s3_options *options;
	struct str bucket;		/* and the key or, without bucket, the
					 * path of manifest.json */
	const char *manifest;
	struct str after;		/* leave out files up to this key */

	/* A row of the bucket that was listed. */
	void (*row)(void *ctx, struct str bucket,
		    const struct page_entry *entry);
	/* All rows of a file are out. */
	void (*file)(void *ctx, struct str key);
	/* Are more rows wanted now? */
	bool (*has_room)(void *ctx);
	void *ctx;

	/* The result. */
	struct err err;
	bool is_over;

	struct inventory inventory;	/* private from here on */
	struct inventory_rows rows;
	struct object_reader reader;
	struct record record;		/* of the file that is read */
	struct arena kept, arena;
	struct buf text, checksum;
	size_t next;			/* file */
	bool is_reading, is_paused, is_failed;
	struct err row_err;
};

/* Begin.  Errors end up in source->err. */
void inventory_source_start(struct inventory_source *source);

/* There may be room again. */
void inventory_source_go_on(struct inventory_source *source);

void inventory_source_free(struct inventory_source *source);

#endif
