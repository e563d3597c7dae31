/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL 3 calls these functions deprecated in favour of EVP.  They are used
 * here because a process may live for one event only.  The first SHA-256
 * through EVP costs four million instructions, most of them to look up
 * providers; the first through these functions costs two thousand.
 */
#define _DEFAULT_SOURCE		/* explicit_bzero */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "hash/digest.h"

#include <openssl/md5.h>
#include <openssl/sha.h>
#include <string.h>

_Static_assert(sizeof(struct digest_sha256) == sizeof(SHA256_CTX) &&
	       _Alignof(struct digest_sha256) >= _Alignof(SHA256_CTX),
	       "a struct digest_sha256 is a SHA256_CTX");
_Static_assert(sizeof(struct digest_sha1) == sizeof(SHA_CTX) &&
	       _Alignof(struct digest_sha1) >= _Alignof(SHA_CTX),
	       "a struct digest_sha1 is a SHA_CTX");
_Static_assert(sizeof(struct digest_md5) == sizeof(MD5_CTX) &&
	       _Alignof(struct digest_md5) >= _Alignof(MD5_CTX),
	       "a struct digest_md5 is an MD5_CTX");

enum { BLOCK_SIZE = SHA256_CBLOCK };

/* OpenSSL's functions cannot fail on contexts that the caller holds. */

void digest_sha256_init(struct digest_sha256 *sha256)
{
	SHA256_Init((SHA256_CTX *)sha256);
}

void digest_sha256_update(struct digest_sha256 *sha256, const void *bytes,
			  size_t n)
{
	SHA256_Update((SHA256_CTX *)sha256, bytes, n);
}

void digest_sha256_final(struct digest_sha256 *sha256,
			 unsigned char digest[DIGEST_SHA256_SIZE])
{
	SHA256_Final(digest, (SHA256_CTX *)sha256);
}

/* Wipe the state: after a long key it is worth as much as the key. */
void digest_sha256(const void *bytes, size_t n,
		   unsigned char digest[DIGEST_SHA256_SIZE])
{
	struct digest_sha256 sha256;

	digest_sha256_init(&sha256);
	digest_sha256_update(&sha256, bytes, n);
	digest_sha256_final(&sha256, digest);
	explicit_bzero(&sha256, sizeof(sha256));
}

/* Start a digest with one block: the key, every byte mixed with pad. */
static void start_padded(struct digest_sha256 *sha256,
			 const unsigned char key[BLOCK_SIZE], unsigned char pad)
{
	unsigned char block[BLOCK_SIZE];

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = key[i] ^ pad;
	digest_sha256_init(sha256);
	digest_sha256_update(sha256, block, sizeof(block));
	explicit_bzero(block, sizeof(block));
}

void digest_hmac_key(struct digest_hmac *hmac, const void *key, size_t n)
{
	unsigned char block[BLOCK_SIZE] = { 0 };

	if (n > sizeof(block))
		digest_sha256(key, n, block);
	else if (n > 0)
		memcpy(block, key, n);
	start_padded(&hmac->inner, block, 0x36);
	start_padded(&hmac->outer, block, 0x5c);
	explicit_bzero(block, sizeof(block));
}

void digest_hmac(const struct digest_hmac *hmac, const void *bytes, size_t n,
		 unsigned char code[DIGEST_SHA256_SIZE])
{
	struct digest_hmac copy = *hmac;

	digest_sha256_update(&copy.inner, bytes, n);
	digest_sha256_final(&copy.inner, code);
	digest_sha256_update(&copy.outer, code, DIGEST_SHA256_SIZE);
	digest_sha256_final(&copy.outer, code);
	explicit_bzero(&copy, sizeof(copy));
}

void digest_md5_init(struct digest_md5 *md5)
{
	MD5_Init((MD5_CTX *)md5);
}

void digest_md5_update(struct digest_md5 *md5, const void *bytes, size_t n)
{
	MD5_Update((MD5_CTX *)md5, bytes, n);
}

void digest_md5_final(struct digest_md5 *md5,
		      unsigned char digest[DIGEST_MD5_SIZE])
{
	MD5_Final(digest, (MD5_CTX *)md5);
}

void digest_md5(const void *bytes, size_t n,
		unsigned char digest[DIGEST_MD5_SIZE])
{
	struct digest_md5 md5;

	digest_md5_init(&md5);
	digest_md5_update(&md5, bytes, n);
	digest_md5_final(&md5, digest);
}

bool digest_md5_is(const void *bytes, size_t n, struct str hex)
{
	unsigned char digest[DIGEST_MD5_SIZE];
	char text[DIGEST_HEX_SIZE(DIGEST_MD5_SIZE)];

	digest_md5(bytes, n, digest);
	digest_hex(text, digest, sizeof(digest));
	return str_is_nocase(hex, text);
}

void digest_sha1(const void *bytes, size_t n,
		 unsigned char digest[DIGEST_SHA1_SIZE])
{
	SHA1(bytes, n, digest);
}

void digest_sha1_init(struct digest_sha1 *sha1)
{
	SHA1_Init((SHA_CTX *)sha1);
}

void digest_sha1_update(struct digest_sha1 *sha1, const void *bytes, size_t n)
{
	SHA1_Update((SHA_CTX *)sha1, bytes, n);
}

void digest_sha1_final(struct digest_sha1 *sha1,
		       unsigned char digest[DIGEST_SHA1_SIZE])
{
	SHA1_Final(digest, (SHA_CTX *)sha1);
}

void digest_hex(char *text, const unsigned char *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * n] = '\0';
}

void digest_base64(char *text, const unsigned char *bytes, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		unsigned bits = (unsigned)bytes[i] << 16;

		if (left > 1)
			bits |= (unsigned)bytes[i + 1] << 8;
		if (left > 2)
			bits |= bytes[i + 2];
		*text++ = digits[bits >> 18];
		*text++ = digits[bits >> 12 & 63];
		*text++ = left > 1 ? digits[bits >> 6 & 63] : '=';
		*text++ = left > 2 ? digits[bits & 63] : '=';
	}
	*text = '\0';
}
