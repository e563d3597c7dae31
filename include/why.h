/* SPDX-License-Identifier: Apache-2.0 */
/*
 * why: put an explanation beside a bad object.
 *
 * It is the record, with the route, as a document of JSON, under the name that
 * template_why() makes of the object's.  Its metadata say which record it is
 * of (x-amz-meta-s3ev-id) and digest the decision (x-amz-meta-s3ev-why), so a
 * repeat finds it done.  Another explanation of that record is older and is
 * replaced, since every decision is in the ledger; what else has that name is
 * not, and the explanation gets the name that belongs to the object's second
 * name (template_second()).
 */
#ifndef S3EV_WHY_H
#define S3EV_WHY_H

#include <stdbool.h>
#include <time.h>

#include "arena.h"
#include "aws.h"
#include "digest.h"
#include "err.h"
#include "record.h"
#include "s3.h"
#include "sigv4.h"
#include "str.h"

enum { WHY_HEADERS = 2 };

struct why {
	/* Set by the caller; all borrowed until done. */
	struct aws *aws;
	struct arena *arena;
	const struct record *record;	/* a bad one */
	struct str members;		/* that it gains: the route */
	const struct s3_options *options;
	bool dry;			/* only name it */
	bool replaces;			/* explanations of other records, too */
	struct str bucket;
	time_t now;			/* seconds since 1970 */
	void (*done)(void *arg);	/* from the loop or from the start */
	void *arg;

	struct str key;		/* the object's; then the explanation's */
	struct err err;		/* is set: it could not be written */

	struct s3_call call;	/* private from here on */
	struct s3_options put;
	struct s3_content content;
	struct sigv4_header headers[WHY_HEADERS];
	char digest[DIGEST_HEX_SIZE(DIGEST_SHA256_SIZE)];
	struct str object;	/* the object's key */
	bool is_second;
	unsigned refused;	/* writes, by a condition */
};

void why_start(struct why *why);

/* Stop; done is not called.  What S3 is doing already may still be done. */
void why_cancel(struct why *why);

#endif
