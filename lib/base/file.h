/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file: the whole of a small file.
 *
 * The buffer's ceiling says how small.  A buffer that grows leaves copies of
 * its bytes in freed memory: make room first where the file holds a secret.
 */
#ifndef S3EV_FILE_H
#define S3EV_FILE_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Append all that is left to read from fd.  -1 with errno if that cannot be
 * read, EFBIG if it is more than the buffer takes; what was read until then
 * stays in it.
 */
int file_read(int fd, struct buf *text);

/* Write all of text, however the kernel cuts it.  -1 with errno. */
int file_write(int fd, struct str text);

/*
 * Replace text by the content of the file at path.  -1 with ERR_SYSTEM and the
 * path in the message.  Another try is not worth it: retry is false.
 */
int file_load(const char *path, struct buf *text, struct err *err);

/* Who can read a file that is made. */
enum file_readers {
	FILE_FOR_US,	/* nobody else */
	FILE_AS_NEW,	/* whom the umask allows */
	FILE_FOR_ALL	/* everybody, whatever the umask */
};

/*
 * Make text the content of the file at path.  It is written to PATH.XXXXXX and
 * renamed, so that nobody reads half of it.  -1 with ERR_SYSTEM and the path in
 * the message; what was there stays then.
 */
int file_replace(const char *path, struct str text, enum file_readers readers,
		 struct err *err);

#endif
