/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slice: a part of an open file, as the body of a request.
 *
 * It is read with pread(2): several requests can send parts of one file at the
 * same time, and each can send its part again.  The descriptor is borrowed.
 */
#ifndef S3EV_SLICE_H
#define S3EV_SLICE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "hash/checksum.h"
#include "hash/digest.h"

struct slice {
	int fd;
	unsigned long long offset, size;
};

/*
 * Read up to n bytes, at bytes after the slice's start.  Returns how many, 0
 * only at its end, or -1 with "SystemError", or with "IncompleteBody" if the
 * file has become too short.
 */
ssize_t slice_read(const struct slice *slice, unsigned long long at,
		   void *bytes, size_t n, struct err *err);

/* A checksum or a digest of all of it.  -1 as slice_read(). */
int slice_checksum(const struct slice *slice, struct checksum *checksum,
		   struct err *err);
int slice_sha256(const struct slice *slice,
		 unsigned char digest[DIGEST_SHA256_SIZE], struct err *err);
int slice_md5(const struct slice *slice, unsigned char digest[DIGEST_MD5_SIZE],
	      struct err *err);

#endif
