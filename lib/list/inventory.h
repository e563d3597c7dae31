/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inventory: an S3 Inventory in CSV: its manifest, and the rows of its files.
 *
 * manifest.json names the files, what their columns are, and their MD5 sums.
 * Each file is CSV in gzip, with keys encoded as forms are.  ORC and Parquet are
 * refused.  No network and no files here: bytes come from the caller.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
 */
#ifndef S3EV_INVENTORY_H
#define S3EV_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "format/csv.h"
#include "format/gunzip.h"
#include "hash/digest.h"
#include "list/page.h"

enum inventory_column {
	INVENTORY_BUCKET, INVENTORY_KEY, INVENTORY_VERSION, INVENTORY_LATEST,
	INVENTORY_MARKER, INVENTORY_SIZE, INVENTORY_MODIFIED, INVENTORY_ETAG,
	INVENTORY_CLASS, INVENTORY_COLUMNS
};

struct inventory_file {
	struct str key;			/* in the bucket of the manifest */
	struct str md5;			/* in hex */
	unsigned long long size;	/* as it is, in gzip */
	bool has_size;
};

struct inventory {
	struct str bucket;		/* that was listed */
	struct inventory_file *files;	/* in the arena */
	size_t n_files;
	int columns[INVENTORY_COLUMNS];	/* where each is, or -1 */
	size_t n_columns;
};

/*
 * Read manifest.json; texts lie in arena.  -1 with "InvalidManifest", or with
 * "NotSupported" and what to do instead.
 */
int inventory_read(struct inventory *inventory, struct str manifest,
		   struct arena *arena, struct err *err);

/* Compare the manifest with manifest.checksum.  -1 with "BadDigest". */
int inventory_check(struct str manifest, struct str checksum, struct err *err);

/* The rows of one file. */
struct inventory_rows {
	/* A row; borrowed for the call. */
	void (*row)(void *ctx, const struct page_entry *entry);
	void *ctx;

	const struct inventory *inventory;	/* private from here on */
	const struct inventory_file *file;
	struct csv csv;
	struct gunzip gunzip;
	struct digest_md5 md5;
	unsigned long long bytes;
	struct err err;			/* of a row */
	struct buf key;
};

/* Everything is borrowed; arena is for the gunzip. */
void inventory_rows_begin(struct inventory_rows *rows,
			  const struct inventory *inventory,
			  const struct inventory_file *file,
			  struct arena *arena);

/*
 * Read n more bytes of the file.  -1 with "InvalidInventory", "InvalidCSV" or a
 * code of gunzip.h; the message names the file.
 */
int inventory_rows_feed(struct inventory_rows *rows, const void *bytes,
			size_t n, struct err *err);

/* The file has ended.  Also "BadDigest" or "IncompleteBody". */
int inventory_rows_end(struct inventory_rows *rows, struct err *err);

void inventory_rows_free(struct inventory_rows *rows);

#endif
