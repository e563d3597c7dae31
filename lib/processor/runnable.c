/* SPDX-License-Identifier: Apache-2.0 */
#include "processor/runnable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool is_program(const char *path)
{
	return is_file(path) && access(path, X_OK) == 0;
}

/* As execvp(3) has it where PATH is not set. */
static const char *places(char *usual, size_t size)
{
	const char *path = getenv("PATH");
	size_t n = path ? 0 : confstr(_CS_PATH, usual, size);

	return path ? path : n > 0 && n <= size ? usual : "";
}

bool runnable_find(struct str name, char path[PATH_MAX])
{
	char usual[PATH_MAX];
	struct str rest = str_of(places(usual, sizeof(usual))), directory;

	while ((directory = str_next(&rest, ':')).p)
		if (directory.n > 0 && directory.p[0] == '/' &&
		    snprintf(path, PATH_MAX, "%.*s/%.*s", STR_FMT(directory),
			     STR_FMT(name)) < PATH_MAX && is_program(path))
			return true;
	return false;
}

static bool is_in_path(struct str name)
{
	char path[PATH_MAX];

	return runnable_find(name, path);
}

/* What env(1) is asked for; a path is taken as it is. */
static bool is_for_env(struct str name)
{
	char path[PATH_MAX];

	if (!memchr(name.p, '/', name.n))
		return is_in_path(name);
	return name.p[0] == '/' &&
	       snprintf(path, sizeof(path), "%.*s", STR_FMT(name)) < PATH_MAX &&
	       is_program(path);
}

void runnable_read_line(const char *path, char line[RUNNABLE_LINE_SIZE])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, line, RUNNABLE_LINE_SIZE - 1);

	if (fd >= 0)
		close(fd);
	line[n > 0 ? n : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
}

/* "#!/usr/bin/env -S python3 -u": what has to be there? */
static int check_interpreter(const char *path, const char *line,
			     struct err *err)
{
	struct str rest = str_trim(str_of(line + 2), " ");
	struct str program, name;
	char text[RUNNABLE_LINE_SIZE];

	if (strchr(line, '\r'))
		return err_set(err, "InvalidCommand",
			       "%s has Windows line ends (CRLF), so its first "
			       "line names no program: sed -i 's/\\r$//' %s",
			       path, path);
	program = str_next(&rest, ' ');
	(void)snprintf(text, sizeof(text), "%.*s", STR_FMT(program));
	if (access(text, X_OK) < 0)
		return err_set(err, "InvalidCommand", "%s wants %s: %s", path,
			       text, strerror(errno));
	if (!str_has_suffix(program, STR("/env")))
		return 0;
	do
		name = str_next(&rest, ' ');
	while (rest.p && (name.n == 0 || name.p[0] == '-' ||
			  memchr(name.p, '=', name.n)));
	if (name.n == 0 || is_for_env(name))
		return 0;
	return err_set(err, "InvalidCommand", "%s wants %.*s, which is not in "
		       "PATH", path, STR_FMT(name));
}

static int check_file(const char *path, struct err *err)
{
	char line[RUNNABLE_LINE_SIZE];

	if (!is_program(path))
		return err_set(err, "InvalidCommand", "%s: %s", path,
			       access(path, F_OK) < 0 ? strerror(errno) :
			       "it may not be executed: chmod +x, if it is a "
			       "program");
	runnable_read_line(path, line);
	/* The kernel and env(1) take them for blanks. */
	for (char *tab = line; (tab = strchr(tab, '\t')) != NULL; )
		*tab = ' ';
	return line[0] == '#' && line[1] == '!' ?
		check_interpreter(path, line, err) : 0;
}

int runnable_check(const char *program, struct err *err)
{
	if (strchr(program, '/'))
		return check_file(program, err);
	if (is_in_path(str_of(program)))
		return 0;
	return err_set(err, "InvalidCommand", "%s: there is no such program in "
		       "PATH", program);
}
