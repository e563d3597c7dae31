/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child: one run of the user's processor, inside a loop.
 *
 * It gets none of our descriptors but those named below, a process group of
 * its own, a fresh folder as working directory and TMPDIR, and an environment
 * from which AWS credentials are taken out.  When it ends, what is left of its
 * group is killed, and the folder removed with all that is in it.
 */
#ifndef S3EV_CHILD_H
#define S3EV_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "buf.h"
#include "err.h"
#include "loop.h"
#include "scratch.h"
#include "str.h"

enum {
	CHILD_SAID_MAX = 8 << 10,	/* of stderr and note, what is kept */
	CHILD_INPUT_MAX = 256 << 10,
	CHILD_GRACE_MS = 2000,		/* between SIGTERM and SIGKILL */
	CHILD_NOTE_FD = 3
};

/* What every run may use; 0 is no limit. */
struct child_limits {
	unsigned long long seconds;	/* then its group is ended */
	unsigned long long cpu_seconds;	/* RLIMIT_CPU, of each process */
	unsigned long long memory;	/* RLIMIT_DATA, bytes of each process */
	unsigned long long file_size;	/* RLIMIT_FSIZE, bytes of each file */
};

/* One run; all borrowed until child_start() returns. */
struct child_plan {
	const char *command;		/* see command_resolve() */
	const char *const *environment;	/* put over ours; NULL at the end */
	bool with_credentials;
	struct child_limits limits;
	int in;		/* its stdin, or -1: what child_write() gives it */
	int out;	/* its stdout, or -1: /dev/null */
	bool has_note;	/* is descriptor 3 a pipe for its note? */
};

/* What it writes to a pipe: the beginning is kept, the rest read away. */
struct child_pipe {
	struct child *child;
	int fd;			/* our end, or -1 */
	struct buf kept;
};

struct child {
	/* Called once, when it has ended; see wait_status. */
	void (*ended)(void *arg);

	/* Called when child_write() may be called again. */
	void (*ready)(void *arg);
	void *arg;

	int wait_status;		/* as of wait(2) */
	bool timed_out;			/* its time was up before it ended */
	struct child_pipe said, note;	/* stderr, and descriptor 3 */
	bool closed_input;		/* it reads no more */

	struct loop *loop;		/* private from here on */
	struct loop_timer timer;
	struct scratch folder;
	pid_t pid;
	int in;				/* our end of the pipe, or -1 */
	struct buf input;		/* not yet taken by the pipe */
	bool end_input;
};

/*
 * Once, at the start: become the parent of what children leave behind, and
 * remove the folders that one like us has left when it was killed.
 */
void child_prepare(void);

void child_init(struct child *child);

/*
 * Run it.  Besides what the plan says, its environment has S3EV_FOLDER, PWD
 * and TMPDIR, the fresh folder, and OLDPWD, where we are.  A command that
 * cannot be executed ends with status 126 or 127, as in a shell.  From now on
 * the process ignores SIGPIPE, or dying of it would leave the folder behind.
 * -1 with err if it cannot be started.
 */
int child_start(struct child *child, struct loop *loop,
		const struct child_plan *plan, struct err *err);

/*
 * Give n more bytes of input.  Returns 0 when they are taken, 1 when it cannot
 * take them now (ready is called later), -1 when it reads no more.
 */
int child_write(struct child *child, const char *bytes, size_t n);

/* There is no more input. */
void child_end_input(struct child *child);

/* Kill its process group; ended is still called. */
void child_kill(struct child *child);

/* Ask its process group to end, and kill it after CHILD_GRACE_MS. */
void child_end(struct child *child);

/* Close and free everything; one that still runs is killed, ended not called. */
void child_free(struct child *child);

#endif
