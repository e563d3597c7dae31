/* SPDX-License-Identifier: Apache-2.0 */
/*
 * harden: keep what this process knows from others of the same user.
 *
 * A process may read the memory, the environment and the open files of another
 * one of its user through ptrace(2) and /proc/PID.  A processor that its input
 * has taken over would find our credentials there, and could write records into
 * our pipes.
 */
#ifndef S3EV_HARDEN_H
#define S3EV_HARDEN_H

/*
 * Close these ways, on Linux, for this process, until it executes another
 * program.  It leaves no core dump then.  The superuser is not held back.
 */
void harden_process(void);

#endif
