/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest: SHA-256, HMAC-SHA-256, SHA-1 and MD5, and digests as text.
 *
 * The room hash computes digests and checksums of bytes.  No other room calls
 * OpenSSL.
 *
 * Nothing here allocates or fails.  A struct owns nothing: it lies where the
 * caller likes and may be copied in mid-stream, which forks the computation.
 * Whoever makes one from a secret wipes it with explicit_bzero().
 */
#ifndef S3EV_DIGEST_H
#define S3EV_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum {
	DIGEST_SHA1_SIZE = 20,
	DIGEST_SHA256_SIZE = 32,
	DIGEST_MD5_SIZE = 16
};

/* Room for n bytes in hex or base64, with the NUL. */
#define DIGEST_HEX_SIZE(n) (2 * (n) + 1)
#define DIGEST_BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)

/* OpenSSL's contexts under other names; digest.c checks the sizes. */
struct digest_sha256 {
	unsigned words[28];
};

struct digest_sha1 {
	unsigned words[24];
};

struct digest_md5 {
	unsigned words[23];
};

/* A key, ready for any number of messages: as secret as the key was. */
struct digest_hmac {
	struct digest_sha256 inner;
	struct digest_sha256 outer;
};

/* FIPS 180-4.  After final, init again before the next message. */
void digest_sha256_init(struct digest_sha256 *sha256);
void digest_sha256_update(struct digest_sha256 *sha256, const void *bytes,
			  size_t n);
void digest_sha256_final(struct digest_sha256 *sha256,
			 unsigned char digest[DIGEST_SHA256_SIZE]);

/* The SHA-256 of one text. */
void digest_sha256(const void *bytes, size_t n,
		   unsigned char digest[DIGEST_SHA256_SIZE]);

/* The SHA-1 of one text, by which other programs name their cache files. */
void digest_sha1(const void *bytes, size_t n,
		 unsigned char digest[DIGEST_SHA1_SIZE]);

/* The same in pieces, for checksums that S3 keeps. */
void digest_sha1_init(struct digest_sha1 *sha1);
void digest_sha1_update(struct digest_sha1 *sha1, const void *bytes, size_t n);
void digest_sha1_final(struct digest_sha1 *sha1,
		       unsigned char digest[DIGEST_SHA1_SIZE]);

/* RFC 2104 over SHA-256.  A key may have any length. */
void digest_hmac_key(struct digest_hmac *hmac, const void *key, size_t n);

/* The code of one message.  hmac stays unchanged, ready for the next. */
void digest_hmac(const struct digest_hmac *hmac, const void *bytes, size_t n,
		 unsigned char code[DIGEST_SHA256_SIZE]);

/*
 * RFC 1321.  For Content-MD5 and for comparing ETags.  MD5 finds accidents, but
 * it is no proof against bytes chosen on purpose.
 */
void digest_md5_init(struct digest_md5 *md5);
void digest_md5_update(struct digest_md5 *md5, const void *bytes, size_t n);
void digest_md5_final(struct digest_md5 *md5,
		      unsigned char digest[DIGEST_MD5_SIZE]);

/* The MD5 of one text; is it what hex says, in either case? */
void digest_md5(const void *bytes, size_t n,
		unsigned char digest[DIGEST_MD5_SIZE]);
bool digest_md5_is(const void *bytes, size_t n, struct str hex);

/*
 * Write n bytes as lower-case hex, or as base64 with padding (RFC 4648,
 * section 4), followed by a NUL.  text has room for DIGEST_HEX_SIZE(n) or
 * DIGEST_BASE64_SIZE(n).
 */
void digest_hex(char *text, const unsigned char *bytes, size_t n);
void digest_base64(char *text, const unsigned char *bytes, size_t n);

#endif
