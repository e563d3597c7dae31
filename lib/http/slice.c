/* SPDX-License-Identifier: Apache-2.0 */
#include "http/slice.h"

#include <errno.h>
#include <unistd.h>

enum { BLOCK = 64 << 10 };

ssize_t slice_read(const struct slice *slice, unsigned long long at,
		   void *bytes, size_t n, struct err *err)
{
	ssize_t got;

	if (n > slice->size - at)
		n = (size_t)(slice->size - at);
	do
		got = pread(slice->fd, bytes, n, (off_t)(slice->offset + at));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_errno(err, "the file to send");
	if (got == 0 && n > 0)
		return err_set(err, "IncompleteBody",
			       "the file to send has become shorter");
	return got;
}

/* Call fn with all bytes, in order. */
static int each(const struct slice *slice,
		void (*fn)(void *ctx, const void *bytes, size_t n), void *ctx,
		struct err *err)
{
	char block[BLOCK];
	unsigned long long at = 0;

	while (at < slice->size) {
		ssize_t got = slice_read(slice, at, block, sizeof(block), err);

		if (got < 0)
			return -1;
		fn(ctx, block, (size_t)got);
		at += (unsigned long long)got;
	}
	return 0;
}

static void add_to_checksum(void *ctx, const void *bytes, size_t n)
{
	checksum_update(ctx, bytes, n);
}

int slice_checksum(const struct slice *slice, struct checksum *checksum,
		   struct err *err)
{
	return each(slice, add_to_checksum, checksum, err);
}

static void add_to_sha256(void *ctx, const void *bytes, size_t n)
{
	digest_sha256_update(ctx, bytes, n);
}

int slice_sha256(const struct slice *slice,
		 unsigned char digest[DIGEST_SHA256_SIZE], struct err *err)
{
	struct digest_sha256 sha256;

	digest_sha256_init(&sha256);
	if (each(slice, add_to_sha256, &sha256, err) < 0)
		return -1;
	digest_sha256_final(&sha256, digest);
	return 0;
}

static void add_to_md5(void *ctx, const void *bytes, size_t n)
{
	digest_md5_update(ctx, bytes, n);
}

int slice_md5(const struct slice *slice, unsigned char digest[DIGEST_MD5_SIZE],
	      struct err *err)
{
	struct digest_md5 md5;

	digest_md5_init(&md5);
	if (each(slice, add_to_md5, &md5, err) < 0)
		return -1;
	digest_md5_final(&md5, digest);
	return 0;
}
