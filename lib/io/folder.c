/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* O_DIRECTORY, O_NOFOLLOW */
#include "io/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PASSES_MAX = 1 << 17, TRIES = 100 };

/* The directory that is being emptied; deeper ones are moved up into it. */
struct top {
	int fd;
	unsigned long long moved;
	bool progress;
};

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Remove a file, link or empty directory.  False for one with content. */
static bool drop(struct top *top, int parent, const char *name)
{
	if (unlinkat(parent, name, 0) < 0 &&
	    (errno != EISDIR || unlinkat(parent, name, AT_REMOVEDIR) < 0))
		return false;
	top->progress = true;
	return true;
}

/* Where this fails, what follows says so. */
static void allow(int parent, const char *name)
{
	if (fchmodat(parent, name, S_IRWXU, AT_SYMLINK_NOFOLLOW) < 0)
		return;
}

/* A name in use is that of a directory with content, or of a file. */
static void move_up(struct top *top, int parent, const char *name)
{
	char number[32];
	int status;

	allow(parent, name);
	do {
		snprintf(number, sizeof(number), "%llu", top->moved++);
		status = renameat(parent, name, top->fd, number);
	} while (status < 0 && (errno == ENOTEMPTY || errno == EEXIST ||
				errno == ENOTDIR));
	if (status == 0)
		top->progress = true;
}

/* Empty a directory in top, moving the directories in it up to top. */
static void flatten(struct top *top, const char *name)
{
	DIR *directory;
	struct dirent *entry;
	int fd;

	allow(top->fd, name);
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

/* True if anything was found.  Directories moved up are left to a later pass. */
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

/* Repeat until a pass finds nothing, or can remove nothing that it finds. */
int folder_empty(const char *path)
{
	struct top top = { .progress = true };
	DIR *directory;
	bool found = true;

	allow(AT_FDCWD, path);
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
