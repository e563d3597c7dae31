/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox: a program reaches the places that it was given, and no others. */
#define _GNU_SOURCE /* asprintf */
#include "io/sandbox.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/spawn.h"
#include "tap.h"

static const char *const system_places[] = {
	"/usr", "/bin", "/lib", "/lib64", "/etc", "/nix/store",
};

static char directory[] = "/tmp/s3ev-sandbox.XXXXXX";

/* Does a shell script end well, in the sandbox with these places besides? */
static bool runs(const struct sandbox *sandbox, const char *script,
		 const struct sandbox_place *more, size_t n)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct spawn_plan plan = {
		.argv = argv, .directory = directory, .is_held = true,
		.ruleset = sandbox_ruleset(sandbox, more, n),
	};
	int ours[SPAWN_FDS_MAX], status = -1;

	if (plan.ruleset < 0)
		return false;
	ok(fcntl(plan.ruleset, F_GETFD) & FD_CLOEXEC,
	   "a ruleset is closed on exec");
	waitpid(spawn(&plan, ours), &status, 0);
	close(plan.ruleset);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void make(const char *script)
{
	const char *argv[] = { "sh", "-ec", script, NULL };
	struct spawn_plan plan = { .argv = argv, .directory = directory };
	int ours[SPAWN_FDS_MAX];

	waitpid(spawn(&plan, ours), NULL, 0);
}

/* A sandbox in which a shell runs, with one place of ours. */
static struct sandbox open_sandbox(const char *name, enum sandbox_right right)
{
	struct sandbox sandbox = { .n = 0 };
	struct err err;
	char *path;

	for (size_t i = 0; i < sizeof(system_places) / sizeof(char *); i++)
		if (access(system_places[i], F_OK) == 0)
			sandbox_allow(&sandbox, system_places[i],
				      SANDBOX_READ, &err);
	if (asprintf(&path, "%s/%s", directory, name) < 0)
		return sandbox;
	ok(sandbox_allow(&sandbox, path, right, &err) == 0, "%s is a place",
	   name);
	free(path);
	return sandbox;
}

static void test_read(void)
{
	struct sandbox sandbox = open_sandbox("mine", SANDBOX_READ);

	ok(runs(&sandbox, "cat mine/file; ls mine; mine/program", NULL, 0),
	   "what may be read can be listed and executed as well");
	ok(runs(&sandbox, "! cat other/file && ! ls other && ! other/program",
		NULL, 0), "another place cannot");
	ok(runs(&sandbox, "! (: >mine/file) && ! mkdir mine/new && "
		"! rm mine/file && ! mv mine/file mine/to", NULL, 0),
	   "to read it is not to change it");
	ok(sandbox_version() < 3 ||
	   runs(&sandbox, "! truncate -s 0 mine/file", NULL, 0),
	   "nor its length");
	sandbox_free(&sandbox);
}

static void test_write(void)
{
	struct sandbox sandbox = open_sandbox("mine", SANDBOX_WRITE);

	ok(runs(&sandbox, "mkdir mine/new && echo x >mine/new/file && "
		"ln -s x mine/link && mkfifo mine/fifo && "
		"mv mine/new/file mine/new/to && rm -r mine/new mine/link "
		"mine/fifo", NULL, 0), "a place to write is one for all");
	ok(runs(&sandbox, "! mv mine/file other/to && ! mv other/file mine/to "
		"&& ! ln other/file mine/to", NULL, 0),
	   "nothing goes out or comes in");
	ok(sandbox_version() < 6 ||
	   runs(&sandbox, "! kill -0 $PPID", NULL, 0),
	   "no signal reaches a process outside");
	sandbox_free(&sandbox);
}

static void test_files(void)
{
	struct sandbox sandbox = open_sandbox("mine/file", SANDBOX_USE);
	int other = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = openat(other, "other/file", O_RDONLY | O_CLOEXEC);
	struct sandbox_place place = { fd, SANDBOX_READ };

	ok(runs(&sandbox, "echo x >mine/file && ! cat mine/program && "
		"! (: >mine/new) && ! rm mine/file", NULL, 0),
	   "of a directory one file alone");
	ok(runs(&sandbox, "cat other/file && ! ls other", &place, 1) &&
	   runs(&sandbox, "! cat other/file", NULL, 0),
	   "a place of one program is not that of the next");
	close(fd);
	place.fd = -1;
	ok(sandbox_ruleset(&sandbox, &place, 1) == -1,
	   "a place that is not open is a fault");
	sandbox_free(&sandbox);
	close(other);
}

static void test_no_place(void)
{
	struct sandbox sandbox = { .n = 0 };
	struct err err;

	ok(sandbox_allow(&sandbox, "/nonexistent", SANDBOX_READ, &err) == -1 &&
	   sandbox.n == 0, "what is not there is no place");
	is(err.message, strlen(err.message),
	   "/nonexistent: No such file or directory", "it is named");
	sandbox_free(&sandbox);
}

int main(void)
{
	if (!mkdtemp(directory))
		return 1;
	make("mkdir mine other; for d in mine other; do echo x >$d/file; "
	     "printf '#!/bin/sh\\n' >$d/program; chmod +x $d/program; done");
	test_no_place();
	if (sandbox_version() > 0) {
		test_read();
		test_write();
		test_files();
	} else {
		ok(true, "# SKIP THIS KERNEL HAS NO LANDLOCK: NOTHING TESTED");
	}
	make("rm -r mine other; rmdir \"$PWD\"");
	return done();
}
