/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn: run a program.
 *
 * The plan says what the program gets: arguments, environment, directory,
 * limits, and each of its descriptors.  It inherits no other descriptor.  It
 * leads a process group of its own, so that one signal reaches it and its
 * descendants.  Its signals are not blocked, and SIGPIPE kills it, whatever we
 * do with that signal ourselves.
 *
 * The caller waits for the program (loop_child() or waitpid(2)), closes the
 * ends of pipes that it got, and kills what is left of the group.  Nothing
 * else is held: the plan may be thrown away at once.
 *
 * The program is started with vfork(2).  fork(2) copies our page tables, which
 * in a filter with many buffers takes longer than all the rest.  After vfork
 * the child borrows our memory and we stand still until it executes; that is
 * safe since it only makes system calls and writes to nothing but its own
 * variables.
 */
#ifndef S3EV_SPAWN_H
#define S3EV_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

enum { SPAWN_FDS_MAX = 4 };

/* What one of its descriptors is. */
enum spawn_kind {
	SPAWN_NULL,	/* /dev/null; reading gives the end at once */
	SPAWN_GIVE,	/* a descriptor of ours, borrowed until spawn() returns */
	SPAWN_WRITE,	/* a pipe that we write to and it reads */
	SPAWN_READ	/* a pipe that it writes to and we read */
};

struct spawn_fd {
	enum spawn_kind kind;
	int fd;		/* with SPAWN_GIVE: which one */
};

/* For each of its processes; 0 is no limit.  None is ever raised. */
struct spawn_limits {
	unsigned long long cpu_seconds;	/* RLIMIT_CPU; a second later SIGKILL */
	unsigned long long memory;	/* RLIMIT_DATA, bytes */
	unsigned long long file_size;	/* RLIMIT_FSIZE, bytes of each file */
};

/* All borrowed until spawn() returns. */
struct spawn_plan {
	const char *const *argv;	/* argv[0] without '/' is looked up in PATH */
	const char *const *envp;	/* NULL: our environment */
	const char *directory;		/* where it runs; NULL: where we are */
	const char *name;		/* for its message; NULL: argv[0] */
	struct spawn_limits limits;
	bool is_held;			/* it enters ruleset, see sandbox.h */
	int ruleset;
	bool dies_with_us;		/* Linux: SIGKILL when our thread ends */

	/* Entry i becomes its descriptor i; there are at least 0, 1 and 2. */
	struct spawn_fd fds[SPAWN_FDS_MAX];
	unsigned n_fds;			/* 0 stands for 3 */
};

/*
 * Run the program.  Returns its process id, which is also that of its group.
 * For each entry of fds, ours gets our end of the pipe, which is non-blocking
 * and closed on exec, or -1 where there is none.  Returns -1 with errno when no
 * process or pipe can be had; then nothing is left open.
 *
 * A program that cannot be executed is not such an error, as in a shell: the
 * child writes "NAME: cannot be executed: WHY" to its descriptor 2 and ends
 * with status 127 if there is no such file, else with 126.  So does one that
 * cannot enter its ruleset: it is not executed without.
 */
pid_t spawn(const struct spawn_plan *plan, int ours[SPAWN_FDS_MAX]);

/*
 * Send a signal to a program that has not been waited for, and to its group.
 * The program is reached even if it went into another group.  Does nothing if
 * pid is 0, so a caller may use that for "none runs".
 */
void spawn_signal(pid_t pid, int signal);

#endif
