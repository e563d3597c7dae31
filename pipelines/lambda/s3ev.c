/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3ev - every tool in one program, called by the tool's name
 *
 * The bundle for Lambda holds this one, linked statically.  tools.h, which
 * pipelines/lambda/build writes, has a line for each tool:
 *
 *	TOOL("s3fetch", s3fetch_main)
 */
#define _DEFAULT_SOURCE		/* setenv, symlinkat */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

struct tool {
	const char *name;
	int (*run)(int argc, char **argv);
};

#define TOOL(name, run) int run(int argc, char **argv);
#include "tools.h"
#undef TOOL

static const struct tool tools[] = {
#define TOOL(name, run) { name, run },
#include "tools.h"
#undef TOOL
};

enum { TOOLS = sizeof(tools) / sizeof(*tools), PATH_SIZE = 4096 };

static const struct tool *find_tool(const char *path)
{
	const char *slash = strrchr(path, '/');

	for (size_t i = 0; i < TOOLS; i++)
		if (strcmp(slash ? slash + 1 : path, tools[i].name) == 0)
			return &tools[i];
	return NULL;
}

static int fail(const char *path, const char *why)
{
	fprintf(stderr, "s3ev: %s: %s\n", path, why);
	return -1;
}

/*
 * A directory of ours alone, made where it is not there.  Others may have made
 * one by that name, or a link, in the hope that it would be taken.
 */
static int open_private(const char *path)
{
	struct stat st;
	int fd;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail(path, strerror(errno));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail(path, strerror(errno));
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	    (st.st_mode & (S_IRWXG | S_IRWXO)) == 0)
		return fd;
	close(fd);
	return fail(path, "it is not this user's alone");
}

static bool has_link(int dir, const char *name, const char *target)
{
	char there[PATH_SIZE];
	ssize_t n = readlinkat(dir, name, there, sizeof(there));

	return n >= 0 && (size_t)n == strlen(target) &&
	       memcmp(there, target, (size_t)n) == 0;
}

/* In one step, so that others who start meanwhile find the old or the new. */
static int put_link(int dir, const char *name, const char *target)
{
	char new[64];

	snprintf(new, sizeof(new), ".new-%ld", (long)getpid());
	if (has_link(dir, name, target))
		return 0;
	if (unlinkat(dir, new, 0) < 0 && errno != ENOENT)
		return -1;
	return symlinkat(target, dir, new) < 0 ||
	       renameat(dir, new, dir, name) < 0 ? -1 : 0;
}

static int fill(const char *path, const char *target)
{
	int dir = open_private(path), status = 0;

	if (dir < 0)
		return -1;
	for (size_t i = 0; i < TOOLS && status == 0; i++)
		if (put_link(dir, tools[i].name, target) < 0)
			status = fail(path, strerror(errno));
	close(dir);
	return status;
}

/*
 * A zip file may lose its links, so they are made where the tools are to run,
 * in a directory below parent that is the same each time, and is printed.
 */
static int make_links(const char *parent)
{
	static const char exe[] = "/proc/self/exe";
	char self[PATH_SIZE], path[PATH_SIZE];
	struct stat st;
	ssize_t n = readlink(exe, self, sizeof(self) - 1);

	if (n < 0 || stat(exe, &st) < 0) {
		perror("s3ev: /proc/self/exe");
		return EX_OSERR;
	}
	self[n] = '\0';
	if (snprintf(path, sizeof(path), "%s/s3ev-bin.%lu-%llx-%llx", parent,
		     (unsigned long)geteuid(), (unsigned long long)st.st_dev,
		     (unsigned long long)st.st_ino) >= PATH_SIZE) {
		fail(parent, strerror(ENAMETOOLONG));
		return EX_CANTCREAT;
	}
	if (fill(path, self) < 0)
		return EX_CANTCREAT;
	return puts(path) < 0 || fflush(stdout) != 0 ? EX_IOERR : EX_OK;
}

static int usage(void)
{
	fputs("usage: s3ev TOOL [ARGUMENT...] | s3ev --links DIR; tools:",
	      stderr);
	for (size_t i = 0; i < TOOLS; i++)
		fprintf(stderr, " %s", tools[i].name);
	fputc('\n', stderr);
	return EX_USAGE;
}

/*
 * c-ares waits five seconds for a name server that is dead unless it is told
 * otherwise; glibc's word for it, "timeout", is not known to it.
 */
static int run_tool(const struct tool *tool, int argc, char **argv)
{
	setenv("RES_OPTIONS", "retrans:500 retry:4", 0);
	return tool->run(argc, argv);
}

/* Tools close what they write; what is left to do at exit is a waste. */
int main(int argc, char **argv)
{
	const struct tool *tool = argc > 0 ? find_tool(argv[0]) : NULL;

	if (!tool && argc > 1) {
		tool = find_tool(argv[1]);
		argc--;
		argv++;
	}
	if (tool)
		_exit(run_tool(tool, argc, argv));
	if (argc == 2 && strcmp(argv[0], "--links") == 0)
		return make_links(argv[1]);
	return usage();
}
