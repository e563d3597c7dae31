/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer: bring the bytes of an object, or of what a processor made of it, to
 * another key, and make sure that they arrived.
 *
 * Up to options->part_size bytes, or TRANSFER_PART_SIZE if that is 0, it takes
 * one CopyObject or PutObject, above that parts (multipart.h), for which the
 * source's headers, metadata and tags are read first (carry.h).
 *
 * A copy is good when it has the source's ETag, or else its size and, where both
 * have a checksum of one kind over the whole object, its checksum; else it is
 * deleted again ("CopyDiffers").  So it is where a server that may ignore
 * conditions could have copied a successor.
 */
#ifndef S3EV_TRANSFER_H
#define S3EV_TRANSFER_H

#include <stdbool.h>

#include "arena.h"
#include "aws.h"
#include "carry.h"
#include "checksum.h"
#include "err.h"
#include "multipart.h"
#include "product.h"
#include "record.h"
#include "s3.h"
#include "str.h"

#define TRANSFER_PART_SIZE (128ULL << 20)

struct transfer {
	/* Set by the caller; all borrowed until done. */
	struct aws *aws;
	struct arena *arena;
	const struct record *record;
	const struct s3_options *options;
	const struct product *product;	/* to be put; NULL: from is copied */
	struct s3_object from;		/* with the ETag that it has */
	unsigned long long size;	/* of the source */
	struct s3_object to;
	enum s3_overwrite overwrite;
	bool doubtful;			/* the server may ignore conditions */
	void (*done)(void *arg);	/* from the loop, never from the start */
	void *arg;

	/* The result, good when err.code is empty. */
	struct err err;
	struct str etag;
	bool is_taken;			/* as in struct s3_call */
	bool is_gone;			/* overwritten while it was copied */

	struct s3_call call;		/* private from here on */
	unsigned long long part_size;
	struct multipart multipart;
	struct carry carry;
	struct s3_content content;
	enum checksum_kind checksum;	/* of the source */
	struct str checksum_value;
	bool seen_source, was_lost;
};

void transfer_start(struct transfer *transfer);

/* Stop; done is not called.  Does nothing to what never started. */
void transfer_cancel(struct transfer *transfer);

#endif
