/* SPDX-License-Identifier: Apache-2.0 */
#include "processor/runnable.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* Is there a program of this name in PATH? */
static bool is_in_path(struct str name)
{
	struct str rest = str_of(getenv("PATH"));
	char path[PATH_MAX];

	while (rest.p) {
		struct str dir = str_next(&rest, ':');

		(void)snprintf(path, sizeof(path), "%.*s/%.*s",
			       STR_FMT(dir), STR_FMT(name));
		if (is_file(path) && access(path, X_OK) == 0)
			return true;
	}
	return false;
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
	struct str rest = str_trim(str_of(line + 2), " \t");
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
	if (name.n == 0 || is_in_path(name))
		return 0;
	return err_set(err, "InvalidCommand", "%s wants %.*s, which is not in "
		       "PATH", path, STR_FMT(name));
}

static int check_file(const char *path, struct err *err)
{
	char line[RUNNABLE_LINE_SIZE];

	if (!is_file(path) || access(path, X_OK) < 0)
		return err_set(err, "InvalidCommand", "%s: %s", path,
			       access(path, F_OK) < 0 ? strerror(errno) :
			       "it may not be executed: chmod +x, if it is a "
			       "program");
	runnable_read_line(path, line);
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
