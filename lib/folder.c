/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* asprintf, O_DIRECTORY, O_NOFOLLOW */
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PASSES_MAX = 1 << 17 };

/* A directory that is being emptied: whatever lies deeper is moved up to it. */
struct top {
	int fd;
	unsigned long long moved;
};

static char *template(struct err *err)
{
	static const char name[] = "s3ev-work.XXXXXX";
	const char *parent = getenv("TMPDIR");
	char here[PATH_MAX], *path;
	int n;

	if (!parent || !*parent)
		parent = "/tmp";
	if (*parent == '/') {
		n = asprintf(&path, "%s/%s", parent, name);
	} else if (getcwd(here, sizeof(here))) {
		n = asprintf(&path, "%s/%s/%s", here, parent, name);
	} else {
		err_errno(err, "the current directory");
		return NULL;
	}
	if (n >= 0)
		return path;
	err_set(err, "OutOfMemory", "out of memory");
	return NULL;
}

char *folder_make(struct err *err)
{
	char *path = template(err);

	if (path && !mkdtemp(path)) {
		err_errno(err, "%s", path);
		free(path);
		return NULL;
	}
	return path;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* A file, link or empty directory goes; a directory with content stays. */
static bool drop(int parent, const char *name)
{
	return unlinkat(parent, name, 0) == 0 ||
	       (errno == EISDIR && unlinkat(parent, name, AT_REMOVEDIR) == 0);
}

/* A name in use is that of a directory with content, or of a file. */
static void move_up(struct top *top, int parent, const char *name)
{
	char number[32];
	int status;

	fchmodat(parent, name, S_IRWXU, AT_SYMLINK_NOFOLLOW);
	do {
		snprintf(number, sizeof(number), "%llu", top->moved++);
		status = renameat(parent, name, top->fd, number);
	} while (status < 0 && (errno == ENOTEMPTY || errno == EEXIST ||
				errno == ENOTDIR));
}

/* Empty a directory in top, moving its own ones up beside it. */
static void flatten(struct top *top, const char *name)
{
	DIR *directory;
	struct dirent *entry;
	int fd;

	fchmodat(top->fd, name, S_IRWXU, AT_SYMLINK_NOFOLLOW);
	fd = openat(top->fd, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	directory = fd < 0 ? NULL : fdopendir(fd);
	if (!directory) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(directory)) != NULL)
		if (!is_dots(entry->d_name) && !drop(fd, entry->d_name))
			move_up(top, fd, entry->d_name);
	closedir(directory);
	unlinkat(top->fd, name, AT_REMOVEDIR);
}

static void empty(const char *path)
{
	struct top top = { open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
				      O_CLOEXEC), 0 };
	DIR *directory = top.fd < 0 ? NULL : fdopendir(top.fd);
	struct dirent *entry;
	int passes = 0;

	if (!directory) {
		if (top.fd >= 0)
			close(top.fd);
		return;
	}
	do {
		rewinddir(directory);
		while ((entry = readdir(directory)) != NULL)
			if (!is_dots(entry->d_name) &&
			    !drop(top.fd, entry->d_name))
				flatten(&top, entry->d_name);
	} while (rmdir(path) < 0 && errno == ENOTEMPTY && ++passes < PASSES_MAX);
	closedir(directory);
}

void folder_remove(char *path)
{
	if (path && rmdir(path) < 0 && errno == ENOTEMPTY) {
		chmod(path, S_IRWXU);
		empty(path);
	}
	free(path);
}
