/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runnable: can a program be run?
 *
 * It is looked at before the first object, because a program that cannot be run
 * would fail each of them, for ever.  It may still go away later.
 */
#ifndef S3EV_RUNNABLE_H
#define S3EV_RUNNABLE_H

#include "base/err.h"

/*
 * A path, or a name for PATH.  -1 with "InvalidCommand" if it is not there, may
 * not be executed, has Windows line ends, or if what its first line names is
 * not there.  Formats of executables are not looked into.
 */
int runnable_check(const char *program, struct err *err);

/* The first line of a file, cut, without its newline; "" if there is none. */
enum { RUNNABLE_LINE_SIZE = 256 };	/* as the kernel has it */
void runnable_read_line(const char *path, char line[RUNNABLE_LINE_SIZE]);

#endif
