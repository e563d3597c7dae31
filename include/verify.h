/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify: are the bytes that came the ones that were announced?
 *
 * Everything that is read from S3 runs through here: their number is compared
 * with what the answer and the record say, and what S3 keeps as the checksum of
 * the whole object with that of the bytes.  Where it has none, the MD5 must be
 * the ETag if that is one (a simple upload, not encrypted with KMS or a
 * customer's key).  Only what will be compared is computed.
 */
#ifndef S3EV_VERIFY_H
#define S3EV_VERIFY_H

#include <stdbool.h>

#include "checksum.h"
#include "digest.h"
#include "err.h"
#include "record.h"
#include "s3.h"

struct verify {
	struct s3_call *call;
	bool begun;		/* it is known what to compute */
	bool etag_is_md5;	/* the answer says so */
	bool has_md5, has_size;
	unsigned long long size;
	struct str wanted;	/* checksum or ETag */
	struct checksum checksum;
	struct digest_md5 md5;
	unsigned long long bytes;
};

/* Borrows call, whose answer is read when the first byte comes. */
void verify_init(struct verify *verify, struct s3_call *call);

/*
 * What is to be expected stands in the answer that is in call now, be it to a
 * HEAD; texts are kept in arena.  For reads in parts, before the first byte.
 */
void verify_expect(struct verify *verify, struct arena *arena);

void verify_update(struct verify *verify, const void *bytes, size_t n);

/*
 * Is it the size that was announced?  0, or -1 with "IncompleteBody", or, when
 * a record without version and ETag announced another size, with
 * "PreconditionFailed": that was another object.
 */
int verify_size(unsigned long long bytes, const struct record *record,
		struct err *err);

/*
 * After the last byte: 0, or -1 with "IncompleteBody" or "BadDigest", or as
 * verify_size().
 */
int verify_end(struct verify *verify, const struct record *record,
	       struct err *err);

#endif
