/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor_program: can a processor be run?  And how a program ended.  For
 * doctor*.c only.
 */
#ifndef S3EV_DOCTOR_PROGRAM_H
#define S3EV_DOCTOR_PROGRAM_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * What PROCESSOR says, as pipelines/process takes it: a program, a module in
 * Python or JavaScript, or a directory with one.  A command for sh(1), which
 * has blanks in it, is not looked into.  -1 with what is wrong: it is not
 * there, may not be executed, or what its first line names is not there.
 */
int doctor_program_check(const char *processor, struct err *err);

/*
 * Read what a child of ours writes to fd, which is closed, until its end, and
 * wait for it.  What fits of it is kept, with a NUL.  status is its exit status,
 * or 128 and the signal.  -1 with errno.
 */
int doctor_program_end(pid_t pid, int fd, char *said, size_t size,
		       int *status);

#endif
