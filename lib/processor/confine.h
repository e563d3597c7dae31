/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine: the places that every processor may reach in its sandbox.
 *
 * These are what programs need to run at all: the directories of the system,
 * those of PATH, that of our own program, and what the command itself is made
 * of.  That is found by a look at the command: the directory of each program and
 * absolute path in it, and the same for what a "#!" line names.  Where such a
 * directory, or one of PATH, is called bin, sbin or shims and is not of the
 * system, the libraries beside it are given as well.
 *
 * A directory is not given where it would give away too much: the root, HOME,
 * the directory of temporary files, and those that these lie in.  Of a program
 * there, only its file is given.
 */
#ifndef S3EV_CONFINE_H
#define S3EV_CONFINE_H

#include "base/err.h"
#include "io/sandbox.h"

struct confine {
	const char *command;		/* see command_resolve(); may be NULL */
	const char *temporary;		/* where the files of objects are */
	const char *const *readable;	/* what else; NULL at the end */
	const char *const *writable;	/* NULL at the end */
};

/* -1 with err if a place of readable or writable cannot be opened. */
int confine(struct sandbox *sandbox, const struct confine *what,
	    struct err *err);

#endif
