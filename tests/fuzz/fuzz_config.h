/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_config: an environment and files made from an input.
 *
 * Parts of the input: lines NAME=VALUE, which are the whole environment; the
 * config file; the credentials file; any other file.  Includes lib's source of
 * reading files, so that it reads these.
 */
#ifndef S3EV_FUZZ_CONFIG_H
#define S3EV_FUZZ_CONFIG_H

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "fuzz.h"

enum { FUZZ_VARIABLES = 24, FUZZ_FILES = 3, FUZZ_FD = 1000 };

static struct {
	char *variables[FUZZ_VARIABLES];
	struct str files[FUZZ_FILES];
	size_t at[FUZZ_FILES];
} fuzz_world;

static char *fuzz_getenv(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < FUZZ_VARIABLES && fuzz_world.variables[i]; i++)
		if (strncmp(fuzz_world.variables[i], name, n) == 0 &&
		    fuzz_world.variables[i][n] == '=')
			return fuzz_world.variables[i] + n + 1;
	return NULL;
}

static int fuzz_open(const char *path, int flags, ...)
{
	size_t n = strlen(path);
	int file = n > 7 && strcmp(path + n - 7, "/config") == 0 ? 0 :
		   n > 12 && strcmp(path + n - 12, "/credentials") == 0 ? 1 : 2;

	(void)flags;
	if (!fuzz_world.files[file].p) {
		errno = ENOENT;
		return -1;
	}
	fuzz_world.at[file] = 0;
	return FUZZ_FD + file;
}

static ssize_t fuzz_read(int fd, void *bytes, size_t n)
{
	struct str file = fuzz_world.files[fd - FUZZ_FD];
	size_t *at = &fuzz_world.at[fd - FUZZ_FD];

	if (n > file.n - *at)
		n = file.n - *at;
	if (n > 1000)
		n = 1000;
	memcpy(bytes, file.p + *at, n);
	*at += n;
	return (ssize_t)n;
}

static int fuzz_fstat(int fd, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_mode = S_IFREG | 0600;
	st->st_uid = geteuid();
	(void)fd;
	return 0;
}

static int fuzz_close(int fd)
{
	(void)fd;
	return 0;
}

#undef _DEFAULT_SOURCE
#define getenv fuzz_getenv
#define open fuzz_open
#define read fuzz_read
#define fstat fuzz_fstat
#define close fuzz_close
#include "../../lib/base/file.c"
#include "../../lib/config/config_source.c"
#undef getenv
#undef open
#undef read
#undef fstat
#undef close

static void fuzz_world_begin(struct str *rest)
{
	struct str lines = fuzz_part(rest);
	size_t n = 0;

	memset(&fuzz_world, 0, sizeof(fuzz_world));
	while (lines.n > 0 && n < FUZZ_VARIABLES)
		fuzz_world.variables[n++] = fuzz_cstr(fuzz_line(&lines));
	for (size_t i = 0; i < FUZZ_FILES && rest->n > 0; i++)
		fuzz_world.files[i] = fuzz_part(rest);
}

static void fuzz_world_end(void)
{
	for (size_t i = 0; i < FUZZ_VARIABLES; i++)
		free(fuzz_world.variables[i]);
}

#endif
