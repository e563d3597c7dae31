/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3ev - every tool in one program, called by the tool's name
 *
 * The bundle for Lambda holds this one, linked statically.  tools.h has a line
 * for each tool, TOOL("s3fetch", s3fetch_main) pipelines/lambda/build writes
 * it.
 */
#define _DEFAULT_SOURCE		/* setenv, symlink */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/*
 * A zip file may lose its links, so they are made where the tools are to run.
 */
static int make_links(const char *dir)
{
	char self[PATH_SIZE], path[PATH_SIZE];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0) {
		perror("s3ev: /proc/self/exe");
		return EX_OSERR;
	}
	self[n] = '\0';
	for (size_t i = 0; i < TOOLS; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", dir,
			     tools[i].name) >= PATH_SIZE)
			errno = ENAMETOOLONG;
		else if (symlink(self, path) == 0)
			continue;
		fprintf(stderr, "s3ev: %s: %s\n", path, strerror(errno));
		return EX_CANTCREAT;
	}
	return EX_OK;
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
