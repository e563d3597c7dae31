/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place: put an object, or what a processor made of it, into another bucket
 * without ever overwriting anything.
 *
 * The copy is pinned to the announced version and made on the condition that
 * the key is free.  If it is taken by the same content, the work is done
 * already; if by other content, the object gets a second name made from the
 * record's id (template_second()), which only this version can have.  So the
 * work may be repeated, and done twice at once.
 *
 * Or, as the policy has it, the work fails, or what is there is overwritten: if
 * it still has the ETag that was seen, and if the source's version is the
 * current one, so that of two versions the newer stays, whoever is first.
 *
 * AWS keeps both conditions.  Servers that ignore them on copies (RGW, MinIO)
 * get a look before and a check behind instead, and one process writes to a
 * name one after the other (claim.h), which leaves a window of milliseconds
 * between two processes.
 *
 * The same content is: equal size, and equal ETag or, since a multipart upload
 * and its copy have different ones, equal checksum of one kind over the whole
 * object.  What has neither counts as different: a second copy is kept rather
 * than none.
 */
#ifndef S3EV_PLACE_H
#define S3EV_PLACE_H

#include <stdbool.h>

#include "arena.h"
#include "aws.h"
#include "checksum.h"
#include "claim.h"
#include "err.h"
#include "product.h"
#include "record.h"
#include "s3.h"
#include "str.h"
#include "transfer.h"

/* What to do when the key is taken by other content. */
enum place_policy {
	PLACE_KEEP_BOTH,	/* take the second name */
	PLACE_FAIL,		/* "DestinationExists" */
	PLACE_REPLACE		/* overwrite it */
};

/* "keep-both", "fail", "replace"; -1 if it is none. */
int place_policy(const char *name, enum place_policy *policy);

struct place {
	/* Set by the caller; all borrowed until done. */
	struct aws *aws;
	struct arena *arena;
	const struct record *record;
	const struct s3_options *options;
	struct claims *claims;		/* of all places of the process */
	enum place_policy policy;
	bool dry;			/* look, but write nothing */
	struct str bucket;		/* where to */
	struct str key;			/* the name wanted; the one given */
	void (*done)(void *arg);	/* from the loop, never from the start */
	void *arg;

	/* RECORD_GOOD: placed; RECORD_GONE and RECORD_FAILED: err says why. */
	enum record_outcome outcome;
	struct err err;
	struct str etag;		/* of the copy; absent if it is dry */
	bool already;			/* it had been there before */

	struct s3_call call;		/* private from here on */
	struct claim claim;		/* on the name wanted */
	struct product product;		/* of a processor, if there is one */
	struct transfer transfer;
	unsigned long long size;	/* of the source */
	struct str source_etag;
	enum checksum_kind source_checksum;
	struct str source_checksum_value;
	struct str replaces;		/* the ETag of what is overwritten */
	bool seen_source, missed_source;
	bool looks;			/* the server may ignore conditions */
	bool looks_again;		/* at a target whose ETag is another */
	bool is_second;
	unsigned refused;		/* copies, by a condition */
};

void place_start(struct place *place);

/* Stop; done is not called.  What S3 is doing already may still be done. */
void place_cancel(struct place *place);

#endif
