/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "io/strays.h"

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

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"

/* A process that is killed ends within microseconds, unless its disk hangs. */
enum { TRIES = 500, TRY_NS = 200000 };

/* Read at most this much of /proc/PID/environ, where our variables come first. */
enum { ENVIRONMENT_MAX = 256 << 10, CHILDREN_MAX = 32 << 10 };

/* Reap pid, or a group, for a moment: until none of them is left. */
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

/* As much of a file in /proc as the buffer takes; "" if there is none. */
static const char *read_proc(const char *path, struct buf *text)
{
	struct err ignored;

	if (file_load(path, text, &ignored) < 0)
		text->failed = false;
	return text->n > 0 ? buf_cstr(text) : "";
}

/* Entries end with a NUL, which is compared as well. */
static bool has_variable(pid_t pid, const char *variable)
{
	struct buf environment;
	char path[64];
	const char *text, *found;

	snprintf(path, sizeof(path), "/proc/%ld/environ", (long)pid);
	buf_init(&environment, ENVIRONMENT_MAX);
	text = read_proc(path, &environment);
	found = memmem(text, environment.n, variable, strlen(variable) + 1);
	buf_free(&environment);
	return found != NULL;
}

/* The next of our children in the list, or 0. */
static pid_t next_child(const char **rest)
{
	char *end;
	pid_t pid = (pid_t)strtol(*rest, &end, 10);

	/* A number at the very end of a full list may be cut. */
	if (pid <= 0 || *end != ' ')
		return 0;
	*rest = end;
	return pid;
}

void strays_adopt(struct strays *strays)
{
	struct buf list;
	const char *rest;
	pid_t pid;

#ifdef __linux__
	prctl(PR_SET_CHILD_SUBREAPER, 1);
#endif
	buf_init(&list, CHILDREN_MAX);
	rest = read_proc("/proc/thread-self/children", &list);
	strays->before = calloc(list.n + 1, sizeof(*strays->before));
	strays->n = 0;
	while (strays->before && (pid = next_child(&rest)) > 0)
		strays->before[strays->n++] = pid;
	buf_free(&list);
}

static bool was_before(const struct strays *strays, pid_t pid)
{
	for (size_t i = 0; i < strays->n; i++)
		if (strays->before[i] == pid)
			return true;
	return false;
}

/* One that has ended is reaped, and is none. */
static bool is_stray(const struct strays *strays, const struct loop *loop,
		     pid_t pid, const char *variable)
{
	if (loop_has_child(loop, pid) || was_before(strays, pid) ||
	    waitpid(pid, NULL, WNOHANG) == pid)
		return false;
	return (strays->before && !loop_has_children(loop)) ||
	       (variable && has_variable(pid, variable));
}

/* One pass over our children; did it find a stray that it may kill? */
static bool kill_some(const struct strays *strays, const struct loop *loop,
		      const char *variable)
{
	struct buf list;
	const char *rest;
	bool found = false;
	pid_t pid;

	buf_init(&list, CHILDREN_MAX);
	rest = read_proc("/proc/thread-self/children", &list);
	while ((pid = next_child(&rest)) > 0) {
		if (!is_stray(strays, loop, pid, variable) ||
		    kill(pid, SIGKILL) < 0)
			continue;
		wait_for(pid);
		found = true;
	}
	buf_free(&list);
	return found;
}

void strays_kill(const struct strays *strays, const struct loop *loop,
		 pid_t group, const char *variable)
{
	if (group > 0) {
		kill(-group, SIGKILL);
		wait_for(-group);
	}
	for (int i = 0; i < TRIES; i++)
		if (!kill_some(strays, loop, variable))
			break;
}

void strays_free(struct strays *strays)
{
	free(strays->before);
	strays->before = NULL;
	strays->n = 0;
}
