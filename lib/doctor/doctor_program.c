/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/doctor_program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "processor/command.h"
#include "processor/runnable.h"

enum { NAME_MAX_BYTES = 4096 };

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool is_module(const char *path)
{
	struct str s = str_of(path);

	return str_has_suffix(s, STR(".py")) || str_has_suffix(s, STR(".mjs")) ||
	       str_has_suffix(s, STR(".js"));
}

static int check_file(const char *path, struct err *err)
{
	bool is_python = str_has_suffix(str_of(path), STR(".py"));
	char line[RUNNABLE_LINE_SIZE];

	runnable_read_line(path, line);
	if (!is_module(path) ||
	    (strncmp(line, "#!", 2) == 0 && access(path, X_OK) == 0))
		return runnable_check(path, err);
	return runnable_check(is_python ? "python3" : "node", err);
}

/* The processor in a directory. */
static int check_directory(const char *directory, struct err *err)
{
	static const char *const names[] = {
		"processor", "processor.py", "processor.mjs", "processor.js"
	};
	char path[NAME_MAX_BYTES];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", directory,
			       names[i]);
		if (is_file(path))
			return check_file(path, err);
	}
	return err_set(err, "InvalidCommand", "%s has no processor, "
		       "processor.py, .mjs or .js", directory);
}

int doctor_program_check(const char *processor, struct err *err)
{
	struct stat st;

	if (stat(processor, &st) == 0)
		return S_ISDIR(st.st_mode) ? check_directory(processor, err) :
					     check_file(processor, err);
	if (!command_is_word(processor))
		return 0;
	return runnable_check(processor, err);
}

static ssize_t read_some(int fd, char *bytes, size_t n)
{
	struct pollfd ready = { fd, POLLIN, 0 };
	ssize_t got;

	do {
		(void)poll(&ready, 1, -1);
		got = read(fd, bytes, n);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	return got;
}

int doctor_program_end(pid_t pid, int fd, char *said, size_t size, int *status)
{
	char rest[512];
	size_t kept = 0;
	int wait_status;
	ssize_t n;

	while ((n = read_some(fd, rest, sizeof(rest))) > 0) {
		size_t fits = size - 1 - kept;

		if ((size_t)n < fits)
			fits = (size_t)n;
		memcpy(said + kept, rest, fits);
		kept += fits;
	}
	said[kept] = '\0';
	close(fd);
	while (waitpid(pid, &wait_status, 0) < 0)
		if (errno != EINTR)
			return -1;
	*status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) :
					   128 + WTERMSIG(wait_status);
	return n < 0 ? -1 : 0;
}
