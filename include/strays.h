/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strays: what a child left running.
 *
 * A child has a process group of its own, but a descendant may leave it
 * (setsid(2)).  On Linux those whose parents have ended become children of
 * ours, and are known by a variable in their environment.  Who clears that,
 * or is another user by a setuid program, is not found.
 */
#ifndef S3EV_STRAYS_H
#define S3EV_STRAYS_H

#include <sys/types.h>

#include "loop.h"

/* Become the parent of descendants whose own parents end. */
void strays_adopt(void);

/*
 * Kill, and wait a moment for, what is left of the process group, and
 * descendants outside of it in whose environment variable ("NAME=value", or
 * NULL for none of them) stands.  Children that the loop waits for are let alone.
 */
void strays_kill(const struct loop *loop, pid_t group, const char *variable);

#endif
