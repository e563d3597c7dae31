/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* O_PATH, syscall */
#include "io/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>

/* As in linux/landlock.h, which an older system has not got, or not whole. */
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };
enum { ASK_VERSION = 1, PATH_BENEATH = 1 };

enum {
	EXECUTE = 1 << 0, WRITE_FILE = 1 << 1, READ_FILE = 1 << 2,
	READ_DIR = 1 << 3, REFER = 1 << 13, TRUNCATE = 1 << 14,
	OF_VERSION_1 = (1 << 13) - 1,
	OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE,
	ALL = OF_VERSION_1 | REFER | TRUNCATE
};
enum { BIND_TCP = 1 << 0, CONNECT_TCP = 1 << 1 };
enum { ABSTRACT_SOCKETS = 1 << 0, SIGNALS = 1 << 1 };

/*
 * What the superuser keeps: to ignore the modes and owners of files, and to
 * become somebody else.  With CAP_PERFMON or CAP_SYS_ADMIN it could read any
 * process's memory past Landlock (since 6.14), with CAP_DAC_READ_SEARCH open
 * files by handles.
 */
enum {
	CHOWN = 1 << 0, DAC_OVERRIDE = 1 << 1, FOWNER = 1 << 3, FSETID = 1 << 4,
	KILL = 1 << 5, SETGID = 1 << 6, SETUID = 1 << 7, SETPCAP = 1 << 8,
	CAPABILITIES_MAX = 63
};
static const uint64_t KEPT_CAPABILITIES = CHOWN | DAC_OVERRIDE | FOWNER |
	FSETID | KILL | SETGID | SETUID | SETPCAP;

struct ruleset {
	uint64_t files, network, scopes;
};

struct path_beneath {
	uint64_t access;
	int32_t fd;
} __attribute__((packed));

int sandbox_version(void)
{
	long version = syscall(CREATE_RULESET, NULL, (size_t)0, ASK_VERSION);

	return version > 0 ? (int)version : 0;
}

static uint64_t files_of(int version)
{
	return version >= 3 ? ALL : version == 2 ? ALL & ~TRUNCATE :
						   OF_VERSION_1;
}

static uint64_t access_of(enum sandbox_right right)
{
	switch (right) {
	case SANDBOX_READ:
		return EXECUTE | READ_FILE | READ_DIR;
	case SANDBOX_USE:
		return READ_FILE | WRITE_FILE | TRUNCATE;
	case SANDBOX_WRITE:
		break;
	}
	return ALL;
}

static int add(int ruleset, const struct sandbox_place *place, uint64_t files)
{
	struct path_beneath rule = {
		.access = access_of(place->right) & files, .fd = place->fd,
	};
	struct stat st;

	if (fstat(place->fd, &st) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode))
		rule.access &= OF_FILES;
	return (int)syscall(ADD_RULE, ruleset, PATH_BENEATH, &rule, 0);
}

static int add_all(int ruleset, const struct sandbox_place *places, size_t n,
		   uint64_t files)
{
	for (size_t i = 0; i < n; i++)
		if (add(ruleset, &places[i], files) < 0)
			return -1;
	return 0;
}

int sandbox_ruleset(const struct sandbox *sandbox,
		    const struct sandbox_place *more, size_t n)
{
	int version = sandbox_version(), fd, why;
	struct ruleset ruleset = { .files = files_of(version) };

	if (version >= 4 && !sandbox->has_network)
		ruleset.network = BIND_TCP | CONNECT_TCP;
	if (version >= 6)
		ruleset.scopes = ABSTRACT_SOCKETS | SIGNALS;
	fd = (int)syscall(CREATE_RULESET, &ruleset, sizeof(ruleset), 0);
	if (fd < 0)
		return -1;
	if (add_all(fd, sandbox->places, sandbox->n, ruleset.files) == 0 &&
	    add_all(fd, more, n, ruleset.files) == 0)
		return fd;
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

/*
 * The superuser gets back on exec what is not dropped here.  It fails without
 * CAP_SETPCAP, as in a container that has taken the dangerous ones already.
 */
static void drop_capabilities(void)
{
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (int i = 0; i <= CAPABILITIES_MAX; i++)
		if (!(KEPT_CAPABILITIES >> i & 1))
			prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
}

int sandbox_enter(int ruleset)
{
	if (geteuid() == 0)
		drop_capabilities();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(RESTRICT_SELF, ruleset, 0);
}

#else
#define O_PATH O_RDONLY

int sandbox_version(void)
{
	return 0;
}

int sandbox_ruleset(const struct sandbox *sandbox,
		    const struct sandbox_place *more, size_t n)
{
	(void)sandbox;
	(void)more;
	(void)n;
	errno = ENOSYS;
	return -1;
}

int sandbox_enter(int ruleset)
{
	(void)ruleset;
	errno = ENOSYS;
	return -1;
}
#endif

int sandbox_allow(struct sandbox *sandbox, const char *path,
		  enum sandbox_right right, struct err *err)
{
	struct sandbox_place *places =
		realloc(sandbox->places, (sandbox->n + 1) * sizeof(*places));
	int fd;

	if (!places)
		return err_memory(err);
	sandbox->places = places;
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "%s", path);
	places[sandbox->n++] = (struct sandbox_place){ fd, right };
	return 0;
}

void sandbox_free(struct sandbox *sandbox)
{
	for (size_t i = 0; i < sandbox->n; i++)
		close(sandbox->places[i].fd);
	free(sandbox->places);
	sandbox->places = NULL;
	sandbox->n = 0;
}
