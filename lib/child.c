/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* pipe2, close_range, environ */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/* What could speak for us at AWS. */
static const char *const secrets[] = {
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_SECURITY_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN",
	"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	"AWS_CONTAINER_CREDENTIALS_FULL_URI",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
};

void child_init(struct child *child)
{
	memset(child, 0, sizeof(*child));
	child->in = child->err = -1;
	buf_init(&child->said, CHILD_SAID_MAX);
	buf_init(&child->input, CHILD_INPUT_MAX);
}

static bool is_variable(const char *entry, const char *name)
{
	size_t n = strlen(name);

	return strncmp(entry, name, n) == 0 && entry[n] == '=';
}

static bool is_secret(const char *entry)
{
	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++)
		if (is_variable(entry, secrets[i]))
			return true;
	return false;
}

/* Ours without secrets; S3EV_ variables are only those of this record. */
static const char **environment_of(const char *const *over)
{
	size_t n = 0, count = 0;
	const char **list;

	while (environ[n])
		n++;
	while (over[count])
		count++;
	list = calloc(n + count + 1, sizeof(*list));
	if (!list)
		return NULL;
	memcpy(list, over, count * sizeof(*list));
	for (size_t i = 0; i < n; i++)
		if (!is_secret(environ[i]) && strncmp(environ[i], "S3EV_", 5) != 0)
			list[count++] = environ[i];
	return list;
}

static bool is_plain_word(const char *command)
{
	return command[0] != '\0' &&
	       !strpbrk(command, " \t\n|&;<>()$`\\\"'*?[]#~=%{}!");
}

static int search_path_exec(const char *command, const char **environment)
{
	const char *argv[] = { command, NULL, NULL, NULL };

	if (!is_plain_word(command)) {
		argv[0] = "sh";
		argv[1] = "-c";
		argv[2] = command;
	}
	return execvpe(argv[0], (char *const *)(uintptr_t)argv,
		       (char *const *)(uintptr_t)environment);
}

/* After fork: only what is safe there. */
static void become(const char *command, const char **environment, int in,
		   int err)
{
	static const char said[] = ": cannot be executed: ";
	int null = open("/dev/null", O_WRONLY);
	struct sigaction action = { .sa_handler = SIG_DFL };
	const char *why;
	sigset_t none;

	setpgid(0, 0);
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody would hear its verdict */
#endif
	sigemptyset(&none);
	sigaction(SIGPIPE, &action, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (null < 0 || dup2(in, 0) < 0 || dup2(null, 1) < 0 || dup2(err, 2) < 0)
		_exit(126);
	close_range(3, ~0U, 0);
	search_path_exec(command, environment);
	null = errno == ENOENT ? 127 : 126;
	why = strerrordesc_np(errno);
	(void)!write(2, command, strlen(command));
	(void)!write(2, said, sizeof(said) - 1);
	(void)!write(2, why ? why : "?", why ? strlen(why) : 1);
	(void)!write(2, "\n", 1);
	_exit(null);
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

/* Keep the beginning of what it says, and read on so that it never blocks. */
static void on_said(void *arg, int fd, short events)
{
	struct child *child = arg;
	char bytes[4096];
	ssize_t n;

	(void)events;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0) {
		size_t room = CHILD_SAID_MAX - child->said.n;

		buf_put(&child->said, bytes, (size_t)n < room ? (size_t)n : room);
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close_fd(child, &child->err);
}

static void on_ended(void *arg, pid_t pid, int wait_status)
{
	struct child *child = arg;

	child->wait_status = wait_status;
	if (child->err >= 0)
		on_said(child, child->err, POLLIN);
	kill(-pid, SIGKILL);
	child->pid = 0;
	close_fd(child, &child->in);
	close_fd(child, &child->err);
	child->ended(child->arg);
}

static int spawn(struct child *child, const char *command,
		 const char **environment, int in, int err)
{
	pid_t pid = fork();

	if (pid == 0)
		become(command, environment, in, err);
	if (pid < 0)
		return -1;
	setpgid(pid, pid);
	child->pid = pid;
	return 0;
}

int child_start(struct child *child, struct loop *loop, const char *command,
		const char *const *environment, int stdin_fd, struct err *err)
{
	int in[2] = { stdin_fd, -1 }, said[2] = { -1, -1 };
	const char **list = environment_of(environment);
	int status = -1;

	child->loop = loop;
	if (!list || pipe2(said, O_CLOEXEC) < 0 ||
	    (stdin_fd < 0 && pipe2(in, O_CLOEXEC) < 0) ||
	    spawn(child, command, list, in[0], said[1]) < 0)
		goto out;
	child->in = in[1];
	child->err = said[0];
	in[1] = said[0] = -1;
	set_nonblocking(child->err);
	if (child->in >= 0)
		set_nonblocking(child->in);
	if (loop_child(loop, child->pid, on_ended, child) < 0 ||
	    loop_watch(loop, child->err, POLLIN, on_said, child) < 0)
		goto out;
	status = 0;
out:
	if (status < 0) {
		err_errno(err, "cannot start %s", command);
		child_kill(child);
	}
	if (stdin_fd < 0 && in[0] >= 0)
		close(in[0]);
	if (in[1] >= 0)
		close(in[1]);
	if (said[0] >= 0)
		close(said[0]);
	if (said[1] >= 0)
		close(said[1]);
	free(list);
	return status;
}

/*
 * Write to a pipe whose reader may be gone, without dying of it and without
 * touching what SIGPIPE does elsewhere: it is blocked meanwhile, and taken
 * away if the write raised it.
 */
static ssize_t write_quietly(int fd, const char *bytes, size_t n)
{
	struct timespec now = { 0, 0 };
	sigset_t pipe_set, old, pending;
	bool was_pending;
	ssize_t written;
	int saved;

	sigemptyset(&pipe_set);
	sigaddset(&pipe_set, SIGPIPE);
	sigpending(&pending);
	was_pending = sigismember(&pending, SIGPIPE) == 1;
	sigprocmask(SIG_BLOCK, &pipe_set, &old);
	written = write(fd, bytes, n);
	saved = errno;
	if (written < 0 && saved == EPIPE && !was_pending)
		while (sigtimedwait(&pipe_set, NULL, &now) < 0 && errno == EINTR)
			;
	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	return written;
}

/* Push what waits; -1 when nobody reads any more. */
static int flush(struct child *child)
{
	while (child->input.n > 0) {
		ssize_t n = write_quietly(child->in, child->input.p,
					  child->input.n);

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

void child_kill(struct child *child)
{
	if (child->pid > 0)
		kill(-child->pid, SIGKILL);
}

void child_free(struct child *child)
{
	child_kill(child);
	if (child->pid > 0)
		loop_child_abandon(child->loop, child->pid);
	child->pid = 0;
	close_fd(child, &child->in);
	close_fd(child, &child->err);
	buf_free(&child->said);
	buf_free(&child->input);
}
