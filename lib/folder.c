/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* O_DIRECTORY, O_NOFOLLOW */
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PASSES_MAX = 1 << 17, TRIES = 100 };

/* A directory that is being emptied: whatever lies deeper is moved up to it. */
struct top {
	int fd;
	unsigned long long moved;
	bool progress;
};

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* A file, link or empty directory goes; a directory with content stays. */
static bool drop(struct top *top, int parent, const char *name)
{
	if (unlinkat(parent, name, 0) < 0 &&
	    (errno != EISDIR || unlinkat(parent, name, AT_REMOVEDIR) < 0))
		return false;
	top->progress = true;
	return true;
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
	if (status == 0)
		top->progress = true;
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
		if (!is_dots(entry->d_name) && !drop(top, fd, entry->d_name))
			move_up(top, fd, entry->d_name);
	closedir(directory);
	drop(top, top->fd, name);
}

/* Does it find anything?  Directories that are moved up come in a later one. */
static bool pass(struct top *top, DIR *directory)
{
	struct dirent *entry;
	bool found = false;

	top->progress = false;
	rewinddir(directory);
	while ((entry = readdir(directory)) != NULL) {
		if (is_dots(entry->d_name))
			continue;
		found = true;
		if (!drop(top, top->fd, entry->d_name))
			flatten(top, entry->d_name);
	}
	return found;
}

/* Until a pass finds nothing, or cannot do anything about what it finds. */
int folder_empty(const char *path)
{
	struct top top = { .progress = true };
	DIR *directory;
	bool found = true;

	fchmodat(AT_FDCWD, path, S_IRWXU, AT_SYMLINK_NOFOLLOW);
	top.fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	directory = top.fd < 0 ? NULL : fdopendir(top.fd);
	if (!directory) {
		if (top.fd >= 0)
			close(top.fd);
		return -1;
	}
	for (int i = 0; found && top.progress && i < PASSES_MAX; i++)
		found = pass(&top, directory);
	closedir(directory);
	errno = ENOTEMPTY;
	return found ? -1 : 0;
}

void folder_remove(const char *path)
{
	for (int i = 0; i < TRIES; i++)
		if (rmdir(path) == 0 || errno != ENOTEMPTY ||
		    folder_empty(path) < 0)
			return;
}
