/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify: are the bytes that came the ones that were announced?
 *
 * Whatever is read from S3 runs through here.  The number of bytes is compared
 * with what the answer says, and their checksum with the one that S3 keeps of
 * the whole object.  If S3 has none, the MD5 is compared with the ETag, provided
 * that the ETag is an MD5 (a simple upload, not encrypted with KMS or a
 * customer's key).  Bytes that come without an ETag are held against the
 * announced one.  Only what will be compared is computed.
 *
 * The size of the record counts where the answer has no length, or does not
 * show the announced version or ETag: some servers announce wrong sizes.
 *
 * A struct verify is zeroed before use and needs no freeing.
 */
#ifndef S3EV_VERIFY_H
#define S3EV_VERIFY_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "hash/checksum.h"
#include "hash/digest.h"
#include "record/record.h"
#include "s3/s3.h"

struct verify {
	bool begun;		/* verify_expect() was called */
	bool etag_is_md5;	/* of the answer, or the announced one */
	bool has_md5, has_size;
	bool is_announced;	/* the answer shows the announced object */
	unsigned long long size;
	struct str wanted;	/* checksum or ETag, in the arena */
	struct checksum checksum;
	struct digest_md5 md5;
	unsigned long long bytes;	/* that came so far */
};

/*
 * Before the first byte, and once: learn what to expect from the answer in
 * call, which was read (s3_read_answer()) and may be one to a HEAD.  Texts are
 * copied to arena; call is not needed afterwards.
 */
void verify_expect(struct verify *verify, const struct s3_call *call,
		   const struct record *record, struct arena *arena);

/* Does the answer show the version or the ETag that the record has? */
bool verify_is_announced(const struct s3_call *call,
			 const struct record *record);

/* Is there anything that the bytes are held against?  Not before begun. */
bool verify_has_digest(const struct verify *verify);

void verify_update(struct verify *verify, const void *bytes, size_t n);

/*
 * Is it the size that the record announced?  0, or -1 with "IncompleteBody".  A
 * record without version and ETag may mean another object, so the code is
 * "PreconditionFailed" then.
 */
int verify_size(unsigned long long bytes, const struct record *record,
		struct err *err);

/*
 * After the last byte.  0 if all is right, or -1 with "IncompleteBody",
 * "BadDigest" or an error of verify_size().
 */
int verify_end(struct verify *verify, const struct record *record,
	       struct err *err);

#endif
