/* SPDX-License-Identifier: Apache-2.0 */
/*
 * why: put an explanation beside a bad object.
 *
 * The explanation is the record with its route, as a JSON document, under the
 * name that dest_key_why() makes of the copy's.  A repeat reads what is there:
 * if it says the same (why_same.h), the work is done.  Another explanation of
 * that record and that copy is older and is replaced, since every decision is
 * in the ledger.  Anything else stays, and the explanation gets the name that
 * belongs to the object's second name (dest_key_second()).  What the metadata
 * say only tells whether it is worth reading: an uploader may have written
 * them.
 */
#ifndef S3EV_WHY_H
#define S3EV_WHY_H

#include <stdbool.h>
#include <time.h>

#include "base/err.h"
#include "base/str.h"
#include "hash/digest.h"
#include "place/claim.h"
#include "place/route.h"
#include "place/server.h"
#include "s3/s3.h"

enum { WHY_HEADERS = 2 };

struct why {
	/* Set by the caller; all borrowed until done. */
	const struct route *route;	/* of the copy; its why is absent */
	time_t now;			/* seconds since 1970 */
	void (*done)(void *arg);	/* from the loop or from the start */
	void *arg;

	struct str key;		/* the explanation's */
	struct err err;		/* is set: it could not be written */

	struct s3_work work;	/* private from here on */
	struct server *server;	/* of the bucket */
	struct str bucket;
	struct s3_call call;
	struct server_wait wait;
	struct claim claim;	/* of the copy's place, where copies replace */
	struct s3_options put;
	struct s3_content content;
	struct str_pair headers[WHY_HEADERS];
	char digest[DIGEST_HEX_SIZE(DIGEST_SHA256_SIZE)];
	bool is_second;
	unsigned refused;	/* writes, by a condition */
};

void why_start(struct why *why);

/* Stop; done is not called.  What S3 is doing already may still be done. */
void why_cancel(struct why *why);

#endif
