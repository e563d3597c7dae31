/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* mkostemp */
#include "outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "json.h"

/* With less than this left, a write may have failed for want of it. */
enum { ROOM_MIN = 64 << 10 };

int outfile_open(struct outfile *file, const char *directory, struct str id,
		 struct arena *arena, struct err *err)
{
	*file = (struct outfile){ .fd = -1 };
	file->path = arena_printf(arena, "%s/s3ev-%.*s-out.XXXXXX", directory,
				  STR_FMT(id));
	if (!file->path)
		return err_set(err, "OutOfMemory", "out of memory");
	file->fd = mkostemp(file->path, O_CLOEXEC);
	if (file->fd < 0) {
		err_errno(err, "%s", file->path);
		file->path = NULL;
		return -1;
	}
	return 0;
}

/* A file system that says that it has no blocks at all does not count them. */
static bool is_full(int fd)
{
	struct statvfs fs;
	unsigned long long blocks;

	if (fstatvfs(fd, &fs) < 0 || fs.f_blocks == 0)
		return false;
	blocks = geteuid() == 0 ? fs.f_bfree : fs.f_bavail;
	return blocks * fs.f_frsize < ROOM_MIN;
}

static int check(struct outfile *file, unsigned long long max, struct err *err)
{
	struct stat st;

	if (fstat(file->fd, &st) < 0)
		return err_errno(err, "%s", file->path);
	file->bytes = (unsigned long long)st.st_size;
	if (max > 0 && file->bytes > max)
		return err_set(err, "OutputTooLarge",
			       "the processor wrote more than %llu bytes", max);
	if (!is_full(file->fd))
		return 0;
	err_set(err, "SpoolFull", "%s: %s", file->path,
		"no space is left, so it may be cut");
	err->retry = true;
	return -1;
}

int outfile_close(struct outfile *file, unsigned long long max,
		  struct err *err)
{
	int status = check(file, max, err);

	if (close(file->fd) < 0 && status == 0)
		status = err_errno(err, "%s", file->path);
	file->fd = -1;
	return status;
}

void outfile_drop(struct outfile *file)
{
	if (!file->path)
		return;
	if (file->fd >= 0)
		close(file->fd);
	unlink(file->path);
	*file = (struct outfile){ .fd = -1 };
}

void outfile_put(struct buf *members, const struct outfile *file,
		 const char *type)
{
	if (!file->path)
		return;
	json_member_open(members, "output");
	json_member(members, "path", str_of(file->path));
	json_member_number(members, "bytes", file->bytes);
	json_member(members, "type", str_of(type));
	buf_putc(members, '}');
}
