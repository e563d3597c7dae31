/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox: what a program may reach, with Landlock (Linux 5.13).
 *
 * A sandbox is a list of places: files, and directories with all that is below
 * them.  From it a ruleset is made for each program, which may have places of
 * its own, and spawn() has the program enter it.  No privilege is needed, and
 * there is no way out: what the program starts is held as well, no setuid bit
 * works any more, and processes outside can be neither traced nor read through
 * /proc.  The superuser loses most capabilities, some of which would lead out.
 *
 * What the kernel can hold back depends on its version of Landlock:
 *
 *	1  5.13	opening files, and making, removing and executing them
 *	2  5.19	...; without it, no file goes from one directory to another
 *	3  6.2	changing the length of a file by its name
 *	4  6.7	TCP: connections, and addresses to listen on
 *	6  6.12	signals and abstract sockets to processes outside
 *
 * Not held back, in any version: what a file is called, its mode and times, UDP,
 * and sockets with a path.
 */
#ifndef S3EV_SANDBOX_H
#define S3EV_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum sandbox_right {
	SANDBOX_READ,	/* read and execute files, list directories */
	SANDBOX_USE,	/* read and write a file that is there */
	SANDBOX_WRITE	/* all, also make and remove files */
};

struct sandbox_place {
	int fd;		/* of a file or directory; O_PATH is enough */
	enum sandbox_right right;
};

/* Zeroed, but for has_network, before first use. */
struct sandbox {
	bool has_network;		/* leave TCP open */
	struct sandbox_place *places;	/* private */
	size_t n;
};

/* The kernel's version of Landlock; 0: it has none, or it is switched off. */
int sandbox_version(void);

/* Add a place.  -1 with err if it cannot be opened, or if memory is out. */
int sandbox_allow(struct sandbox *sandbox, const char *path,
		  enum sandbox_right right, struct err *err);

/*
 * Make a ruleset of its places and n more (borrowed).  Returns a descriptor,
 * which is closed on exec, or -1 with errno.
 */
int sandbox_ruleset(const struct sandbox *sandbox,
		    const struct sandbox_place *more, size_t n);

/*
 * Hold the calling thread, for ever.  Makes only system calls, so that a child
 * may do it after vfork(2).  -1 with errno.
 */
int sandbox_enter(int ruleset);

void sandbox_free(struct sandbox *sandbox);

#endif
