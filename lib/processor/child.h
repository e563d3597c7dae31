/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child: one run of the user's processor, inside a loop.
 *
 * The processor gets the descriptors named below and no other, a process group
 * of its own, a fresh folder as working directory, TMPDIR and HOME, few variables
 * of our environment, and a sandbox where there is one.  When it ends, what it
 * left running is killed (strays.h), and its folder is removed with all that is
 * in it.
 */
#ifndef S3EV_CHILD_H
#define S3EV_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "io/loop.h"
#include "io/sandbox.h"
#include "io/scratch.h"
#include "io/spawn.h"
#include "io/strays.h"
#include "processor/command.h"

enum {
	CHILD_SAID_MAX = 8 << 10,	/* bytes kept of stderr and of the note */
	CHILD_LAST_MAX = 2 << 10,	/* and the last ones */
	CHILD_INPUT_MAX = 256 << 10,
	CHILD_GRACE_MS = 2000,		/* between SIGTERM and SIGKILL */
	CHILD_NOTE_FD = 3
};

/* What every run may use. */
struct child_limits {
	unsigned long long seconds;	/* then its group is ended; 0: no limit */
	struct spawn_limits process;
};

/* What all runs have in common; zeroed before child_prepare(). */
struct child_common {
	struct strays strays;
	struct sandbox sandbox;
	bool has_sandbox;	/* is every run held in it? */
};

/* One run; all but common borrowed until child_start() returns. */
struct child_plan {
	const struct child_common *common; /* borrowed until child_free() */
	const char *command;		/* see command_resolve() */
	const char *const *environment;	/* set above ours; NULL at the end */
	struct command_passes passes;	/* what it gets of ours */
	struct str readable;		/* in a sandbox: this path, if not NULL */
	struct child_limits limits;
	int in;		/* its stdin, or -1: what child_write() gives it */
	bool has_out;	/* is stdout a pipe, child->out?  Else it is /dev/null */
	bool has_note;	/* is descriptor 3 a pipe for its note? */
};

/* What it writes to a pipe: the beginning is kept, and the end. */
struct child_pipe {
	struct child *child;
	int fd;			/* our end, or -1 */
	struct buf kept;
	struct buf last;	/* may repeat the end of kept */
};

struct child {
	/* Called once, when it has ended; see wait_status. */
	void (*ended)(void *arg);

	/*
	 * Called when it has ended: is what it left running still of use?  Then
	 * it runs on until child_end(), child_kill() or the time is up, and only
	 * then ended is called.  NULL: it is not.
	 */
	bool (*lingers)(void *arg);

	/* Called when child_write() may be called again. */
	void (*ready)(void *arg);
	void *arg;

	int wait_status;		/* as of wait(2) */
	bool timed_out;			/* its time was up before it ended */
	struct child_pipe said, note;	/* stderr, and descriptor 3 */
	bool closed_input;		/* it reads no more */
	int out;	/* our end of its stdout, or -1; the caller may close it */

	struct loop *loop;		/* private from here on */
	const struct child_common *common;
	struct loop_timer timer;
	struct scratch folder;
	pid_t pid;
	bool has_ended;			/* what it left running lingers */
	int in;				/* our end of the pipe, or -1 */
	struct buf input;		/* not yet taken by the pipe */
	bool end_input;
};

/*
 * Call it once, at the start.  Processes that children leave behind become our
 * children, and folders that an earlier filter left when it was killed are
 * removed.
 */
void child_prepare(struct child_common *common);

/* At the end: kill what children left behind, and free what is in common. */
void child_finish(struct child_common *common, const struct loop *loop);

void child_init(struct child *child);

/*
 * Run it.  Besides the plan's variables its environment has S3EV_FOLDER, PWD,
 * TMPDIR and, unless HOME is passed, HOME, which name the fresh folder, and
 * OLDPWD, our own directory.  In a sandbox it reaches, besides the places in
 * common, the folder, and the file that is its stdin.  A command that cannot be
 * executed ends with status 126 or 127, see spawn.h.
 * From now on our process ignores SIGPIPE: dying of it would leave the folder
 * behind.  -1 with err if it cannot be started.
 */
int child_start(struct child *child, struct loop *loop,
		const struct child_plan *plan, struct err *err);

/*
 * Give it n more bytes of input.  Returns 0 when they are taken, 1 when they
 * are not, because earlier ones still wait (ready is called later), -1 when it
 * reads no more (closed_input), or when memory is out.
 */
int child_write(struct child *child, const char *bytes, size_t n);

/* Does input still wait?  Then child_write() would return 1. */
bool child_is_busy(const struct child *child);

/* Read now what it has said; its pipes are else read when their turn comes. */
void child_listen(struct child *child);

/* There is no more input. */
void child_end_input(struct child *child);

/* Kill its process group; ended is still called, later. */
void child_kill(struct child *child);

/* Ask its process group to end, and kill it after CHILD_GRACE_MS. */
void child_end(struct child *child);

/* Close and free everything.  A run is killed, and ended is not called. */
void child_free(struct child *child);

#endif
