/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* asprintf, flock, mkdtemp, O_DIRECTORY, O_NOFOLLOW */
#include "io/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/folder.h"

#define RANDOM "XXXXXX"
#define MARKER "made-by-s3ev"
#define FILES "files"

static const char mark[] = "s3ev removes this directory\n";

static const char *parent_of(void)
{
	const char *parent = getenv("TMPDIR");

	return parent && *parent ? parent : "/tmp";
}

/* A descriptor that holds the lock of a directory, or -1. */
static int lock(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool is_private(int fd, mode_t type, mode_t mode)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	       (st.st_mode & (S_IFMT | 0777)) == (type | mode);
}

/* Without O_NONBLOCK, a FIFO by that name would hold us up. */
static bool is_ours(int outer)
{
	char text[sizeof(mark)];
	int fd = openat(outer, MARKER,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool is = fd >= 0 && is_private(outer, S_IFDIR, 0700) &&
		  is_private(fd, S_IFREG, 0600) &&
		  read(fd, text, sizeof(text)) == sizeof(mark) - 1 &&
		  memcmp(text, mark, sizeof(mark) - 1) == 0;

	if (fd >= 0)
		close(fd);
	return is;
}

static int make_ours(const char *outer)
{
	char path[PATH_MAX];
	int fd, status;

	snprintf(path, sizeof(path), "%s/%s", outer, MARKER);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		  0600);
	if (fd < 0)
		return -1;
	status = write(fd, mark, sizeof(mark) - 1) == sizeof(mark) - 1 ? 0 : -1;
	close(fd);
	return status;
}

static void remove_stale(const char *parent, const char *name)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", parent, name) >=
	    (int)sizeof(path))
		return;
	fd = lock(path);
	if (fd < 0)
		return;
	if (is_ours(fd))
		folder_remove(path);
	close(fd);
}

void scratch_sweep(const char *prefix)
{
	const char *parent = parent_of();
	DIR *dir = opendir(parent);
	size_t n = strlen(prefix);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strncmp(entry->d_name, prefix, n) == 0 &&
		    strlen(entry->d_name) == n + sizeof(RANDOM) - 1)
			remove_stale(parent, entry->d_name);
	if (dir)
		closedir(dir);
}

static char *new_name(const char *prefix, struct err *err)
{
	const char *parent = parent_of();
	char here[PATH_MAX], *path;
	int n;

	if (*parent == '/') {
		n = asprintf(&path, "%s/%s" RANDOM, parent, prefix);
	} else if (getcwd(here, sizeof(here))) {
		n = asprintf(&path, "%s/%s/%s" RANDOM, here, parent, prefix);
	} else {
		err_errno(err, "the current directory");
		return NULL;
	}
	if (n >= 0)
		return path;
	err_memory(err);
	return NULL;
}

/* A file system without locks: scratch_sweep() removes nothing there. */
static bool has_no_locks(void)
{
	return errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS;
}

/*
 * Between making the directory and locking it, another process may take it for
 * a stale one and remove it.  Then make another.
 */
static int open_outer(struct scratch *scratch, const char *prefix,
		      struct err *err)
{
	struct stat st;

	for (;;) {
		scratch->outer = new_name(prefix, err);
		if (!scratch->outer)
			return -1;
		if (!mkdtemp(scratch->outer))
			break;
		scratch->lock = lock(scratch->outer);
		if (scratch->lock >= 0 ? stat(scratch->outer, &st) == 0 :
					 has_no_locks())
			return 0;
		if (scratch->lock < 0 && errno != ENOENT &&
		    errno != EWOULDBLOCK)
			break;
		scratch_close(scratch);
	}
	return err_errno(err, "%s", scratch->outer);
}

int scratch_open(struct scratch *scratch, const char *prefix, struct err *err)
{
	*scratch = (struct scratch){ .lock = -1 };
	if (open_outer(scratch, prefix, err) < 0) {
		scratch_close(scratch);
		return -1;
	}
	if (asprintf(&scratch->path, "%s/" FILES, scratch->outer) < 0) {
		scratch->path = NULL;
		err_memory(err);
	} else if (make_ours(scratch->outer) < 0 ||
		   mkdir(scratch->path, 0700) < 0) {
		err_errno(err, "%s", scratch->outer);
	} else {
		return 0;
	}
	scratch_close(scratch);
	return -1;
}

int scratch_empty(struct scratch *scratch, struct err *err)
{
	if (folder_empty(scratch->path) == 0)
		return 0;
	return err_errno(err, "%s cannot be emptied", scratch->path);
}

void scratch_close(struct scratch *scratch)
{
	if (scratch->outer)
		folder_remove(scratch->outer);
	if (scratch->lock >= 0)
		close(scratch->lock);
	free(scratch->path);
	free(scratch->outer);
	*scratch = (struct scratch){ .lock = -1 };
}
