/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strays: what a child left running.
 *
 * A child has a process group of its own, but a descendant may leave it
 * (setsid(2)).  On Linux a descendant whose parent has ended becomes a child of
 * ours.  While others run, it is recognised by a variable in its environment.
 * One that cleared its environment is found later: when the loop waits for no
 * child, every child that we have got since strays_adopt() is a stray.
 */
#ifndef S3EV_STRAYS_H
#define S3EV_STRAYS_H

#include <stddef.h>
#include <sys/types.h>

#include "io/loop.h"

/* Zeroed before first use. */
struct strays {
	pid_t *before;		/* private */
	size_t n;
};

/*
 * Become the parent of descendants whose own parents end.  The children that we
 * have now, because who executed us had them, are no strays.
 */
void strays_adopt(struct strays *strays);

/*
 * Kill what is left of the process group (0: there is none), and the strays:
 * those of our children outside it whose environment has variable
 * ("NAME=value"; NULL: none of them), or all if the loop waits for no child.
 * Wait a moment for their end.  Children that the loop waits for are left alone.
 */
void strays_kill(const struct strays *strays, const struct loop *loop,
		 pid_t group, const char *variable);

void strays_free(struct strays *strays);

#endif
