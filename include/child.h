/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child: one run of the user's processor, inside a loop.
 *
 * It gets its input on stdin, /dev/null as stdout, a pipe as stderr, none of
 * our other descriptors, a process group of its own and an environment from
 * which AWS credentials are taken out.  When it ends, what is left of its
 * group is killed.
 */
#ifndef S3EV_CHILD_H
#define S3EV_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "buf.h"
#include "err.h"
#include "loop.h"
#include "str.h"

enum { CHILD_SAID_MAX = 64 << 10, CHILD_INPUT_MAX = 256 << 10 };

struct child {
	/* Called once, when it has ended; see wait_status. */
	void (*ended)(void *arg);

	/* Called when child_write() may be called again. */
	void (*ready)(void *arg);
	void *arg;

	int wait_status;	/* as of wait(2) */
	struct buf said;	/* the beginning of its stderr */
	bool closed_input;	/* it reads no more */

	struct loop *loop;	/* private from here on */
	pid_t pid;
	int in, err;		/* our ends of the pipes, or -1 */
	struct buf input;	/* not yet taken by the pipe */
	bool end_input;
};

void child_init(struct child *child);

/*
 * Run command: by sh -c, unless it is a plain word (no blanks, no characters
 * that mean something to a shell), which is executed itself.  environment is
 * a list of "NAME=value", NULL at the end, that is put over ours.  stdin_fd is
 * what it reads (borrowed, may be closed afterwards); -1: what child_write()
 * gives it.  A command that cannot be executed ends with status 126 or 127,
 * as in a shell.
 */
int child_start(struct child *child, struct loop *loop, const char *command,
		const char *const *environment, int stdin_fd, struct err *err);

/*
 * Give n more bytes of input.  Returns 0 when they are taken, 1 when it cannot
 * take them now (ready is called later), -1 when it reads no more.
 */
int child_write(struct child *child, const char *bytes, size_t n);

/* There is no more input. */
void child_end_input(struct child *child);

/* Kill its process group; ended is still called. */
void child_kill(struct child *child);

/* Close and free everything; one that still runs is killed, ended not called. */
void child_free(struct child *child);

#endif
