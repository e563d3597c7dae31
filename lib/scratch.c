/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* asprintf, flock, mkdtemp, O_DIRECTORY, O_NOFOLLOW */
#include "scratch.h"

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

#include "folder.h"

#define RANDOM "XXXXXX"

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

static bool is_ours(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_uid == geteuid();
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

static char *template(const char *prefix, struct err *err)
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
	err_set(err, "OutOfMemory", "out of memory");
	return NULL;
}

/* Where nothing can be locked, nothing is swept either. */
static bool has_no_locks(void)
{
	return errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS;
}

/* Between making it and locking it, another may have taken it for a stale one. */
int scratch_open(struct scratch *scratch, const char *prefix, struct err *err)
{
	struct stat st;

	*scratch = (struct scratch){ .lock = -1 };
	for (;;) {
		scratch->path = template(prefix, err);
		if (!scratch->path)
			return -1;
		if (!mkdtemp(scratch->path))
			break;
		scratch->lock = lock(scratch->path);
		if (scratch->lock >= 0 ? stat(scratch->path, &st) == 0 :
					 has_no_locks())
			return 0;
		if (scratch->lock < 0 && errno != ENOENT &&
		    errno != EWOULDBLOCK)
			break;
		scratch_close(scratch);
	}
	err_errno(err, "%s", scratch->path);
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
	if (!scratch->path)
		return;
	folder_remove(scratch->path);
	if (scratch->lock >= 0)
		close(scratch->lock);
	free(scratch->path);
	*scratch = (struct scratch){ .lock = -1 };
}
