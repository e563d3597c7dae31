/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* mkostemp */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 4096, PATH_MAX_BYTES = 8192 };

int file_read(int fd, struct buf *text)
{
	for (;;) {
		char *room = buf_room(text, PIECE);
		ssize_t n;

		if (!room) {
			errno = EFBIG;
			return -1;
		}
		n = read(fd, room, PIECE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		text->n += (size_t)n;
	}
}

int file_load(const char *path, struct buf *text, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int status;

	buf_reset(text);
	status = fd < 0 ? -1 : file_read(fd, text);
	if (status < 0) {
		err_errno(err, "%s", path);
		err->retry = false;
	}
	if (fd >= 0)
		close(fd);
	return status;
}

int file_write(int fd, struct str text)
{
	while (text.n > 0) {
		ssize_t n = write(fd, text.p, text.n);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			text.p += n;
			text.n -= (size_t)n;
		}
	}
	return 0;
}

/* It has 0600.  FILE_AS_NEW: the mode that open(2) would have given it. */
static int set_mode(int fd, enum file_readers readers)
{
	mode_t mask;

	if (readers == FILE_FOR_US)
		return 0;
	mask = umask(0);
	umask(mask);
	return fchmod(fd, readers == FILE_FOR_ALL ? 0644 : 0666 & ~mask);
}

static int fill(int fd, struct str text, enum file_readers readers)
{
	int status = set_mode(fd, readers) < 0 || file_write(fd, text) < 0 ?
		     -1 : 0;
	int saved = errno;

	if (close(fd) == 0)
		errno = saved;
	else
		status = -1;
	return status;
}

static int replace_by(const char *path, char *beside, struct str text,
		      enum file_readers readers)
{
	int fd = mkostemp(beside, O_CLOEXEC), saved;

	if (fd < 0)
		return -1;
	if (fill(fd, text, readers) == 0 && rename(beside, path) == 0)
		return 0;
	saved = errno;
	unlink(beside);
	errno = saved;
	return -1;
}

int file_replace(const char *path, struct str text, enum file_readers readers,
		 struct err *err)
{
	struct buf beside;
	int status = -1;

	buf_init(&beside, PATH_MAX_BYTES);
	buf_printf(&beside, "%s.XXXXXX", path);
	errno = ENAMETOOLONG;
	if (buf_cstr(&beside))
		status = replace_by(path, beside.p, text, readers);
	if (status < 0)
		err_errno(err, "%s", path);
	buf_free(&beside);
	return status;
}
