/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checksum: the checksums that S3 and DynamoDB send along with bytes.
 *
 * Nothing here allocates or fails.  A struct owns nothing and may be copied in
 * mid-stream.  The CRCs use the carry-less multiplication of x86-64 where the
 * processor has it, 10 GB a second, else tables, 1.4 GB a second.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */
#ifndef S3EV_CHECKSUM_H
#define S3EV_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "hash/digest.h"

enum checksum_kind {
	CHECKSUM_NONE,
	CHECKSUM_CRC64NVME, CHECKSUM_CRC32C, CHECKSUM_CRC32,
	CHECKSUM_SHA256, CHECKSUM_SHA1,
	CHECKSUM_KINDS		/* how many there are */
};

enum { CHECKSUM_SIZE_MAX = DIGEST_SHA256_SIZE };

struct checksum {
	enum checksum_kind kind;
	uint64_t crc;
	uint64_t (*update)(enum checksum_kind kind, uint64_t crc,
			   const unsigned char *bytes, size_t n);
	union {
		struct digest_sha256 sha256;
		struct digest_sha1 sha1;
	} digest;
};

/* AWS's spelling, "CRC64NVME" or "SHA256"; "" for CHECKSUM_NONE. */
const char *checksum_name(enum checksum_kind kind);

/* Start a checksum of any kind; the value of CHECKSUM_NONE is empty. */
void checksum_init(struct checksum *checksum, enum checksum_kind kind);

/* The same without the processor's special instructions. */
void checksum_init_portable(struct checksum *checksum,
			    enum checksum_kind kind);

void checksum_update(struct checksum *checksum, const void *bytes, size_t n);

/*
 * The value, a CRC with its highest byte first.  Returns the number of bytes,
 * CHECKSUM_SIZE_MAX at most.
 */
size_t checksum_final(struct checksum *checksum,
		      unsigned char value[CHECKSUM_SIZE_MAX]);

/* The same in base64, as headers carry it, followed by a NUL. */
void checksum_base64(struct checksum *checksum,
		     char text[DIGEST_BASE64_SIZE(CHECKSUM_SIZE_MAX)]);

/* The CRC-32 of one text. */
uint32_t checksum_crc32(struct str text);

#endif
