/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runnable: can a program be run?
 *
 * It is looked at before the first object, because a program that cannot be run
 * would fail each of them, for ever.  It may still go away later.
 */
#ifndef S3EV_RUNNABLE_H
#define S3EV_RUNNABLE_H

#include <limits.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/*
 * A path, or a name for PATH.  -1 with "InvalidCommand" if it is not there, may
 * not be executed, has Windows line ends, or if what its first line names is
 * not there.  Formats of executables are not looked into.
 */
int runnable_check(const char *program, struct err *err);

/*
 * Where PATH has the program; false if it has it not.  Directories are none, and
 * entries of PATH that are empty or relative are passed over: a processor runs in
 * a folder of its own, where they name nothing.  Without PATH the directories of
 * the system are looked into, as execvp(3) does.
 */
bool runnable_find(struct str name, char path[PATH_MAX]);

/* The first line of a file, cut, without its newline; "" if there is none. */
enum { RUNNABLE_LINE_SIZE = 256 };	/* as the kernel has it */
void runnable_read_line(const char *path, char line[RUNNABLE_LINE_SIZE]);

#endif
