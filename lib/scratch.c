/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* flock, mkdtemp */
#include "scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"

static const char prefix[] = "s3ev-rt.";

/* A descriptor that holds the lock of a directory, or -1. */
static int lock(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Whose owner lives, or is another user's, stays. */
static void remove_stale(const char *parent)
{
	DIR *dir = opendir(parent);
	struct dirent *entry;
	char path[PATH_MAX];
	int fd;

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, prefix, sizeof(prefix) - 1) != 0 ||
		    snprintf(path, sizeof(path), "%s/%s", parent,
			     entry->d_name) >= (int)sizeof(path))
			continue;
		fd = lock(path);
		if (fd < 0)
			continue;
		folder_remove(path);
		close(fd);
	}
	if (dir)
		closedir(dir);
}

/* Between making it and locking it, another may have taken it for a stale one. */
static int make(struct scratch *scratch, const char *parent)
{
	struct stat st;
	char *path;

	for (int tries = 0; tries < 10; tries++) {
		buf_reset(&scratch->path);
		buf_printf(&scratch->path, "%s/%sXXXXXX", parent, prefix);
		path = buf_cstr(&scratch->path) ? scratch->path.p : NULL;
		if (!path || !mkdtemp(path))
			return -1;
		scratch->lock = lock(path);
		if (scratch->lock >= 0 && stat(path, &st) == 0)
			return 0;
		if (scratch->lock >= 0)
			close(scratch->lock);
		scratch->lock = -1;
	}
	return -1;
}

int scratch_open(struct scratch *scratch, struct err *err)
{
	const char *parent = getenv("TMPDIR");

	if (!parent || !*parent)
		parent = "/tmp";
	scratch->lock = -1;
	buf_init(&scratch->path, PATH_MAX);
	remove_stale(parent);
	if (make(scratch, parent) == 0)
		return 0;
	err_errno(err, "no directory for temporary files in %s", parent);
	buf_free(&scratch->path);
	return -1;
}

int scratch_empty(struct scratch *scratch, struct err *err)
{
	const char *path = buf_cstr(&scratch->path);

	if (path && folder_empty(path) == 0)
		return 0;
	return err_errno(err, "%s cannot be emptied", path ? path : "?");
}

void scratch_close(struct scratch *scratch)
{
	const char *path = buf_cstr(&scratch->path);

	if (scratch->lock < 0)
		return;
	if (path)
		folder_remove(path);
	close(scratch->lock);
	buf_free(&scratch->path);
}
