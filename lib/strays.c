/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "strays.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/* A process that is killed ends within microseconds, unless its disk hangs. */
enum { TRIES = 500, TRY_NS = 200000 };

/* Its environment is read as far as this; our variables stand in front. */
enum { ENVIRONMENT_MAX = 256 << 10 };

void strays_adopt(void)
{
#ifdef __linux__
	prctl(PR_SET_CHILD_SUBREAPER, 1);
#endif
}

/* As waitpid(2), for a moment: until there is none of them any more. */
static void wait_for(pid_t pid)
{
	const struct timespec moment = { 0, TRY_NS };
	pid_t ended;

	for (int i = 0; i < TRIES; i++) {
		do
			ended = waitpid(pid, NULL, WNOHANG);
		while (ended > 0);
		if (ended < 0)
			return;
		nanosleep(&moment, NULL);
	}
}

/* At most size bytes of a file in /proc; how many, 0 if there is none. */
static size_t read_file(const char *path, char *bytes, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n;

	if (fd < 0)
		return 0;
	while (used < size && (n = read(fd, bytes + used, size - used)) > 0)
		used += (size_t)n;
	close(fd);
	return used;
}

/* Entries end with a NUL, which is compared, too. */
static bool has_variable(pid_t pid, const char *variable)
{
	size_t n = strlen(variable) + 1, used;
	char path[64], *bytes = malloc(ENVIRONMENT_MAX);
	const char *found;

	if (!bytes)
		return false;
	snprintf(path, sizeof(path), "/proc/%ld/environ", (long)pid);
	used = read_file(path, bytes, ENVIRONMENT_MAX);
	found = memmem(bytes, used, variable, n);
	free(bytes);
	return found;
}

/* One pass over our children; did it find a stray? */
static bool kill_some(const struct loop *loop, const char *variable)
{
	char list[32 << 10], *p = list;
	bool found = false;

	list[read_file("/proc/thread-self/children", list,
		       sizeof(list) - 1)] = '\0';
	for (;;) {
		pid_t pid = (pid_t)strtol(p, &p, 10);

		/* A number at the very end of a full list may be cut. */
		if (pid <= 0 || *p != ' ')
			return found;
		if (loop_has_child(loop, pid) ||
		    waitpid(pid, NULL, WNOHANG) == pid ||
		    !has_variable(pid, variable))
			continue;
		kill(pid, SIGKILL);
		wait_for(pid);
		found = true;
	}
}

void strays_kill(const struct loop *loop, pid_t group, const char *variable)
{
	kill(-group, SIGKILL);
	wait_for(-group);
	for (int i = 0; variable && i < TRIES; i++)
		if (!kill_some(loop, variable))
			break;
}
