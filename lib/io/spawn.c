/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* close_range, environ, execvpe, pipe2, strerrordesc_np, vfork */
#include "io/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "io/sandbox.h"

static unsigned count_of(const struct spawn_plan *plan)
{
	return plan->n_fds > 0 ? plan->n_fds : 3;
}

/* In the child: only what is safe after vfork */

static void say(const char *text)
{
	(void)!write(STDERR_FILENO, text, strlen(text));
}

/* The message is one that a shell's user knows. */
static void fail(const struct spawn_plan *plan, int status, int why)
	__attribute__((noreturn));

static void fail(const struct spawn_plan *plan, int status, int why)
{
	const char *text = strerrordesc_np(why);

	say(plan->name ? plan->name : plan->argv[0]);
	say(": cannot be executed: ");
	say(text ? text : "?");
	say("\n");
	_exit(status);
}

/* A limit that is lower already stays. */
static const struct rlimit *clip(struct rlimit *limit, unsigned long long soft,
				 unsigned long long hard)
{
	if (hard < limit->rlim_max)
		limit->rlim_max = hard;
	limit->rlim_cur = soft < limit->rlim_max ? soft : limit->rlim_max;
	return limit;
}

/* A program that ignores SIGXCPU is killed a second later. */
static void set_limits(const struct spawn_limits *limits)
{
	unsigned long long cpu = limits->cpu_seconds, memory = limits->memory,
			   file = limits->file_size;
	struct rlimit now;

	if (cpu > 0 && getrlimit(RLIMIT_CPU, &now) == 0)
		setrlimit(RLIMIT_CPU, clip(&now, cpu, cpu + 1));
	if (memory > 0 && getrlimit(RLIMIT_DATA, &now) == 0)
		setrlimit(RLIMIT_DATA, clip(&now, memory, memory));
	if (file > 0 && getrlimit(RLIMIT_FSIZE, &now) == 0)
		setrlimit(RLIMIT_FSIZE, clip(&now, file, file));
}

/* Signals as they would be without us; exec resets those that are caught. */
static void reset_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	sigemptyset(&none);
	sigaction(SIGPIPE, &action, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* dup2(2) leaves a descriptor that is in its place closed on exec. */
static int put(int fd, int place)
{
	return fd == place ? fcntl(fd, F_SETFD, 0) : dup2(fd, place);
}

/* Descriptors that stand where others are to go step out of the way first. */
static int arrange(const int *theirs, unsigned n)
{
	int fds[SPAWN_FDS_MAX];

	for (unsigned i = 0; i < n; i++) {
		fds[i] = theirs[i];
		if (fds[i] < (int)n && fds[i] != (int)i)
			fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, (int)n);
		if (fds[i] < 0)
			return -1;
	}
	for (unsigned i = 0; i < n; i++)
		if (put(fds[i], (int)i) < 0)
			return -1;
	close_range(n, ~0U, 0);
	return 0;
}

static void become(const struct spawn_plan *plan, const int *theirs)
	__attribute__((noreturn));

static void become(const struct spawn_plan *plan, const int *theirs)
{
	const char *const *envp = plan->envp ? plan->envp :
		(const char *const *)environ;
	int held = 0;

	setpgid(0, 0);
#ifdef __linux__
	if (plan->dies_with_us)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	reset_signals();
	set_limits(&plan->limits);
	if (plan->is_held && sandbox_enter(plan->ruleset) < 0)
		held = errno;
	if (arrange(theirs, count_of(plan)) < 0)
		_exit(126);
	if (held != 0)
		fail(plan, 126, held);
	if (plan->directory && chdir(plan->directory) < 0)
		fail(plan, 126, errno);
	execvpe(plan->argv[0], (char *const *)(uintptr_t)plan->argv,
		(char *const *)(uintptr_t)envp);
	fail(plan, errno == ENOENT ? 127 : 126, errno);
}

/* In the parent */

static int open_null(unsigned place)
{
	return open("/dev/null", (place == 0 ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
}

static int open_pipe(enum spawn_kind kind, int *ours)
{
	int ends[2], at = kind == SPAWN_READ ? 0 : 1;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	fcntl(ends[at], F_SETFL, O_NONBLOCK);
	*ours = ends[at];
	return ends[1 - at];
}

static int open_theirs(const struct spawn_fd *fd, unsigned place, int *ours)
{
	switch (fd->kind) {
	case SPAWN_NULL:
		return open_null(place);
	case SPAWN_GIVE:
		return fcntl(fd->fd, F_GETFD) < 0 ? -1 : fd->fd;
	case SPAWN_WRITE:
	case SPAWN_READ:
		break;
	}
	return open_pipe(fd->kind, ours);
}

static void close_fd(int *fd)
{
	int why = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = why;
}

/* The two are apart, so that what vfork() shares is never changed by us. */
static pid_t launch(const struct spawn_plan *plan, const int *theirs)
{
	/* NOLINTBEGIN(clang-analyzer-*) */
	pid_t pid = vfork();

	if (pid == 0)
		become(plan, theirs);
	/* NOLINTEND(clang-analyzer-*) */
	return pid;
}

pid_t spawn(const struct spawn_plan *plan, int ours[SPAWN_FDS_MAX])
{
	int theirs[SPAWN_FDS_MAX] = { -1, -1, -1, -1 };
	unsigned n = count_of(plan), opened = 0;
	pid_t pid = -1;

	for (unsigned i = 0; i < SPAWN_FDS_MAX; i++)
		ours[i] = -1;
	while (opened < n) {
		theirs[opened] = open_theirs(&plan->fds[opened], opened,
					     &ours[opened]);
		if (theirs[opened] < 0)
			break;
		opened++;
	}
	if (opened == n)
		pid = launch(plan, theirs);
	for (unsigned i = 0; i < opened; i++)
		if (plan->fds[i].kind != SPAWN_GIVE)
			close_fd(&theirs[i]);
	for (unsigned i = 0; pid < 0 && i < n; i++)
		close_fd(&ours[i]);
	return pid;
}

void spawn_signal(pid_t pid, int signal)
{
	if (pid <= 0)
		return;
	kill(-pid, signal);
	if (getpgid(pid) != pid)
		kill(pid, signal);
}
