/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* pipe2, close_range, asprintf, vfork */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "command.h"
#include "strays.h"

/* Reads of one turn: a pipe that is kept full must not keep us from the rest. */
enum { READS = 4, READ_SIZE = 32 << 10 };

enum { VARIABLES = 4 };

static const char prefix[] = "s3ev-work.";

void child_prepare(void)
{
	strays_adopt();
	scratch_sweep(prefix);
}

void child_init(struct child *child)
{
	memset(child, 0, sizeof(*child));
	child->in = child->said.fd = child->note.fd = -1;
	child->said.child = child->note.child = child;
	buf_init(&child->said.kept, CHILD_SAID_MAX);
	buf_init(&child->note.kept, CHILD_SAID_MAX);
	buf_init(&child->input, CHILD_INPUT_MAX);
}

/* In the child: only what is safe after vfork */

/* A limit that is there already is never raised. */
static const struct rlimit *clip(struct rlimit *limit, unsigned long long soft,
				 unsigned long long hard)
{
	if (hard < limit->rlim_max)
		limit->rlim_max = hard;
	limit->rlim_cur = soft < limit->rlim_max ? soft : limit->rlim_max;
	return limit;
}

/* One who ignores SIGXCPU has a second more. */
static void set_limits(const struct child_limits *limits)
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

/* Signals as they would be without us. */
static void reset_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	sigemptyset(&none);
	sigaction(SIGPIPE, &action, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* dup2(2) leaves a descriptor that is in its place as it is. */
static int put(int fd, int place)
{
	return fd == place ? fcntl(fd, F_SETFD, 0) : dup2(fd, place);
}

static void become(const struct child_plan *plan, const char **environment,
		   const char *folder, const int *fds)
{
	unsigned first_closed = plan->has_note ? CHILD_NOTE_FD + 1 : 3;

	setpgid(0, 0);
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody would hear its verdict */
#endif
	reset_signals();
	set_limits(&plan->limits);
	for (int i = 0; i < (int)first_closed; i++)
		if (put(fds[i], i) < 0)
			_exit(126);
	close_range(first_closed, ~0U, 0);
	if (chdir(folder) < 0)
		_exit(126);
	command_exec(plan->command, environment);
}

/* Starting it */

/*
 * Copying our page tables would take as long as all the rest, so the child
 * borrows our memory until it executes: become() writes to nothing but its own
 * variables, and we stand still meanwhile.
 */
static pid_t launch(const struct child_plan *plan, const char **environment,
		    const char *folder, const int *fds)
{
	/* NOLINTBEGIN(clang-analyzer-*) */
	pid_t pid = vfork();

	if (pid == 0)
		become(plan, environment, folder, fds);
	/* NOLINTEND(clang-analyzer-*) */
	return pid;
}

static char *variable(const char *name, const char *value)
{
	char *text;

	return asprintf(&text, "%s=%s", name, value) < 0 ? NULL : text;
}

/* What it is told of its folder; the texts are freed by free_variables(). */
static int name_folder(char **variables, const char *folder)
{
	char here[PATH_MAX];

	variables[0] = variable("S3EV_FOLDER", folder);
	variables[1] = variable("TMPDIR", folder);
	variables[2] = variable("PWD", folder);
	variables[3] = getcwd(here, sizeof(here)) ? variable("OLDPWD", here) :
						    NULL;
	return variables[0] && variables[1] && variables[2] ? 0 : -1;
}

static void free_variables(char **variables)
{
	for (int i = 0; i < VARIABLES; i++)
		free(variables[i]);
}

/* The plan's environment with those of the folder, put over ours. */
static const char **environment_of(const struct child_plan *plan,
				   char **variables)
{
	const char **over, **list;
	size_t n = 0;

	while (plan->environment[n])
		n++;
	over = calloc(n + VARIABLES + 1, sizeof(*over));
	if (!over)
		return NULL;
	memcpy(over, variables, VARIABLES * sizeof(*over));
	memcpy(over + (variables[VARIABLES - 1] ? VARIABLES : VARIABLES - 1),
	       plan->environment, n * sizeof(*over));
	list = command_environment(over, plan->with_credentials);
	free(over);
	return list;
}

static void set_nonblocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void close_fd(struct child *child, int *fd)
{
	if (*fd < 0)
		return;
	loop_watch(child->loop, *fd, 0, NULL, NULL);
	close(*fd);
	*fd = -1;
}

static int make_pipe(int *ours, int *theirs, bool we_read)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	*ours = ends[we_read ? 0 : 1];
	*theirs = ends[we_read ? 1 : 0];
	set_nonblocking(*ours);
	return 0;
}

/* Its descriptors 0 to 3; those that are not the plan's are ours to close. */
static int open_theirs(struct child *child, const struct child_plan *plan,
		       int *fds)
{
	if (plan->in < 0 && make_pipe(&child->in, &fds[0], false) < 0)
		return -1;
	if (plan->out < 0)
		fds[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (fds[1] < 0 || make_pipe(&child->said.fd, &fds[2], true) < 0)
		return -1;
	return plan->has_note ? make_pipe(&child->note.fd, &fds[3], true) : 0;
}

static void close_theirs(const struct child_plan *plan, const int *fds)
{
	if (plan->in < 0 && fds[0] >= 0)
		close(fds[0]);
	if (plan->out < 0 && fds[1] >= 0)
		close(fds[1]);
	if (fds[2] >= 0)
		close(fds[2]);
	if (fds[3] >= 0)
		close(fds[3]);
}

static int spawn(struct child *child, const struct child_plan *plan)
{
	char *variables[VARIABLES] = { NULL };
	int fds[4] = { plan->in, plan->out, -1, -1 };
	const char **environment = NULL;
	int status = -1;
	pid_t pid;

	if (name_folder(variables, child->folder.path) < 0 ||
	    open_theirs(child, plan, fds) < 0)
		goto out;
	environment = environment_of(plan, variables);
	if (!environment)
		goto out;
	pid = launch(plan, environment, child->folder.path, fds);
	if (pid < 0)
		goto out;
	setpgid(pid, pid);
	child->pid = pid;
	status = 0;
out:
	close_theirs(plan, fds);
	free(environment);
	free_variables(variables);
	return status;
}

static void read_pipe(struct child_pipe *from)
{
	char bytes[READ_SIZE];
	ssize_t n = 0;

	for (int i = 0; i < READS; i++) {
		size_t room = CHILD_SAID_MAX - from->kept.n;

		n = read(from->fd, bytes, sizeof(bytes));
		if (n <= 0)
			break;
		buf_put(&from->kept, bytes, (size_t)n < room ? (size_t)n : room);
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_fd(from->child, &from->fd);
}

static void on_pipe(void *arg, int fd, short events)
{
	(void)fd;
	(void)events;
	read_pipe(arg);
}

/* Whatever ran with it ends, then what it wrote is whole. */
static void clean_up(struct child *child)
{
	char *mark = variable("S3EV_FOLDER", child->folder.path);

	loop_timer_stop(&child->timer);
	if (child->pid > 0)
		strays_kill(child->loop, child->pid, mark);
	free(mark);
	child->pid = 0;
	scratch_close(&child->folder);
	close_fd(child, &child->in);
}

static void on_ended(void *arg, pid_t pid, int wait_status)
{
	struct child *child = arg;

	(void)pid;
	child->wait_status = wait_status;
	clean_up(child);
	if (child->said.fd >= 0)
		read_pipe(&child->said);
	if (child->note.fd >= 0)
		read_pipe(&child->note);
	close_fd(child, &child->said.fd);
	close_fd(child, &child->note.fd);
	child->ended(child->arg);
}

static void on_time_up(void *arg)
{
	struct child *child = arg;

	child->timed_out = true;
	child_end(child);
}

static int watch(struct child *child)
{
	if (loop_child(child->loop, child->pid, on_ended, child) < 0 ||
	    loop_watch(child->loop, child->said.fd, POLLIN, on_pipe,
		       &child->said) < 0)
		return -1;
	return child->note.fd < 0 ? 0 :
		loop_watch(child->loop, child->note.fd, POLLIN, on_pipe,
			   &child->note);
}

int child_start(struct child *child, struct loop *loop,
		const struct child_plan *plan, struct err *err)
{
	/* Who dies of a closed pipe leaves the folder behind. */
	signal(SIGPIPE, SIG_IGN);
	child->loop = loop;
	if (scratch_open(&child->folder, prefix, err) < 0)
		return -1;
	if (spawn(child, plan) < 0 || watch(child) < 0) {
		err_errno(err, "cannot start %s", plan->command);
		child_free(child);
		return -1;
	}
	if (plan->limits.seconds > 0)
		loop_timer_set(loop, &child->timer,
			       plan->limits.seconds * 1000, on_time_up, child);
	return 0;
}

/* Push what waits; -1 when nobody reads any more. */
static int flush(struct child *child)
{
	while (child->input.n > 0) {
		ssize_t n = write(child->in, child->input.p, child->input.n);

		if (n >= 0) {
			buf_consume(&child->input, (size_t)n);
		} else if (errno == EAGAIN) {
			return 0;
		} else if (errno != EINTR) {
			child->closed_input = true;
			buf_reset(&child->input);
			close_fd(child, &child->in);
			return -1;
		}
	}
	if (child->end_input)
		close_fd(child, &child->in);
	return 0;
}

static void on_writable(void *arg, int fd, short events)
{
	struct child *child = arg;

	(void)events;
	flush(child);
	if (child->input.n > 0)
		return;
	if (child->in >= 0)
		loop_watch(child->loop, fd, 0, NULL, NULL);
	child->ready(child->arg);
}

int child_write(struct child *child, const char *bytes, size_t n)
{
	if (child->in < 0)
		return -1;
	if (child->input.n > 0)
		return 1;
	buf_put(&child->input, bytes, n);
	if (child->input.failed || flush(child) < 0)
		return -1;
	if (child->input.n > 0 &&
	    loop_watch(child->loop, child->in, POLLOUT, on_writable, child) < 0)
		return -1;
	return 0;
}

void child_end_input(struct child *child)
{
	child->end_input = true;
	if (child->in >= 0 && child->input.n == 0)
		close_fd(child, &child->in);
}

/* Ending it */

/* It may have put itself into another group. */
static void signal_group(const struct child *child, int signal)
{
	if (child->pid <= 0)
		return;
	kill(-child->pid, signal);
	if (getpgid(child->pid) != child->pid)
		kill(child->pid, signal);
}

void child_kill(struct child *child)
{
	signal_group(child, SIGKILL);
}

static void on_grace_over(void *arg)
{
	child_kill(arg);
}

void child_end(struct child *child)
{
	if (child->pid <= 0)
		return;
	signal_group(child, SIGTERM);
	signal_group(child, SIGCONT);
	loop_timer_set(child->loop, &child->timer, CHILD_GRACE_MS,
		       on_grace_over, child);
}

void child_free(struct child *child)
{
	if (child->pid > 0) {
		loop_child_forget(child->loop, child->pid);
		child_kill(child);
	}
	if (child->folder.path)
		clean_up(child);
	close_fd(child, &child->in);
	close_fd(child, &child->said.fd);
	close_fd(child, &child->note.fd);
	buf_free(&child->said.kept);
	buf_free(&child->note.kept);
	buf_free(&child->input);
}
