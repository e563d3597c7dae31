/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify: are the bytes that came the ones that were announced?
 *
 * Everything that is read from S3 runs through here: their number is compared
 * with what the answer and the record say, and their MD5 with the ETag where
 * that is one (a simple upload, not encrypted with KMS or a customer's key).
 */
#ifndef S3EV_VERIFY_H
#define S3EV_VERIFY_H

#include "digest.h"
#include "err.h"
#include "record.h"
#include "s3.h"

struct verify {
	struct digest_md5 md5;
	unsigned long long bytes;
};

void verify_init(struct verify *verify);
void verify_update(struct verify *verify, const void *bytes, size_t n);

/*
 * After the last byte of call: 0, or -1 with "IncompleteBody" or "BadDigest",
 * or, when a record without version and ETag announced another size, with
 * "PreconditionFailed": that was another object.
 */
int verify_end(struct verify *verify, const struct s3_call *call,
	       const struct record *record, struct err *err);

#endif
