/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* pipe2, close_range, strerrordesc_np */
#include "pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* More than a pipe holds: who goes on writing must not keep us for ever. */
enum { READS = 16 };

void pipeline_init(struct pipeline *p, struct loop *loop)
{
	memset(p, 0, sizeof(*p));
	p->loop = loop;
	p->in = p->out = p->err = -1;
	lines_init(&p->lines, PIPELINE_LINE_MAX);
	lines_init(&p->errors, PIPELINE_LINE_MAX);
	output_init(&p->input, -1, PIPELINE_INPUT_MAX);
}

static void close_fd(struct pipeline *p, int *fd)
{
	if (*fd < 0)
		return;
	loop_watch(p->loop, *fd, 0, NULL, NULL);
	close(*fd);
	*fd = -1;
}

/* Nothing of one run may be taken for the next one's. */
static void forget(struct pipeline *p)
{
	close_fd(p, &p->in);
	close_fd(p, &p->out);
	close_fd(p, &p->err);
	lines_free(&p->lines);
	lines_free(&p->errors);
	output_free(&p->input);
	output_init(&p->input, -1, PIPELINE_INPUT_MAX);
}

/* A line that is too long, or cut off by death, is handed out as it is. */
static void hand_out(struct lines *lines, void *ctx,
		     void (*take)(void *ctx, struct str line))
{
	enum lines_what what;
	struct str line;

	while ((what = lines_next(lines, &line)) != LINES_NONE)
		take(ctx, what == LINES_LINE ? line :
			  what == LINES_TOO_LONG ? STR("(a line too long)") :
			  STR("(a line cut off)"));
}

/* Read once; at the end, or when it is broken, close it. */
static void read_lines(struct pipeline *p, int *fd, struct lines *lines,
		       void (*take)(void *ctx, struct str line))
{
	if (lines_read(lines, *fd) < 0)
		lines->ended = true;
	hand_out(lines, p->ctx, take);
	if (lines->ended)
		close_fd(p, fd);
}

static void read_rest(struct pipeline *p, int *fd, struct lines *lines,
		      void (*take)(void *ctx, struct str line))
{
	struct pollfd ready = { .fd = *fd, .events = POLLIN };

	for (int i = 0; i < READS && *fd >= 0 && poll(&ready, 1, 0) > 0; i++)
		read_lines(p, fd, lines, take);
}

static void on_readable(void *arg, int fd, short events)
{
	struct pipeline *p = arg;

	(void)events;
	if (fd == p->err) {
		read_lines(p, &p->err, &p->errors, p->said);
		return;
	}
	read_lines(p, &p->out, &p->lines, p->line);
	if (p->out < 0 && !p->end_input)
		pipeline_kill(p);
}

void pipeline_hear(struct pipeline *p)
{
	read_rest(p, &p->err, &p->errors, p->said);
}

static void on_ended(void *arg, pid_t pid, int wait_status)
{
	struct pipeline *p = arg;

	kill(-pid, SIGKILL);
	p->pid = 0;
	read_rest(p, &p->out, &p->lines, p->line);
	read_rest(p, &p->err, &p->errors, p->said);
	forget(p);
	p->wait_status = wait_status;
	p->running = false;
}

/* After fork: only what is safe there. */
static void become(char *const *argv, int in, int out, int err)
{
	static const char said[] = ": cannot be executed: ";
	struct sigaction action = { .sa_handler = SIG_DFL };
	const char *why;
	sigset_t none;
	int status;

	setpgid(0, 0);
	sigemptyset(&none);
	sigaction(SIGPIPE, &action, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(126);
	close_range(3, ~0U, 0);
	execvp(argv[0], argv);
	status = errno == ENOENT ? 127 : 126;
	why = strerrordesc_np(errno);
	(void)!write(2, argv[0], strlen(argv[0]));
	(void)!write(2, said, sizeof(said) - 1);
	(void)!write(2, why ? why : "?", why ? strlen(why) : 1);
	(void)!write(2, "\n", 1);
	_exit(status);
}

static int spawn(struct pipeline *p, char *const *argv, const int *pipes)
{
	pid_t pid = fork();

	if (pid == 0)
		become(argv, pipes[0], pipes[3], pipes[5]);
	if (pid < 0)
		return -1;
	setpgid(pid, pid);
	p->pid = pid;
	return 0;
}

int pipeline_start(struct pipeline *p, char *const *argv, struct err *err)
{
	int pipes[6] = { -1, -1, -1, -1, -1, -1 };
	int *ours[] = { &p->in, &p->out, &p->err };
	int status = -1;

	if (pipe2(pipes, O_CLOEXEC) < 0 || pipe2(pipes + 2, O_CLOEXEC) < 0 ||
	    pipe2(pipes + 4, O_CLOEXEC) < 0 || spawn(p, argv, pipes) < 0)
		goto out;
	for (int i = 0; i < 3; i++) {
		int *end = &pipes[i == 0 ? 1 : 2 * i];

		*ours[i] = *end;
		*end = -1;
	}
	lines_init(&p->lines, PIPELINE_LINE_MAX);
	lines_init(&p->errors, PIPELINE_LINE_MAX);
	output_init(&p->input, p->in, PIPELINE_INPUT_MAX);
	p->end_input = false;
	if (loop_watch(p->loop, p->out, POLLIN, on_readable, p) < 0 ||
	    loop_watch(p->loop, p->err, POLLIN, on_readable, p) < 0 ||
	    loop_child(p->loop, p->pid, on_ended, p) < 0)
		goto out;
	p->running = true;
	status = 0;
out:
	if (status < 0) {
		err_errno(err, "cannot start %s", argv[0]);
		pipeline_kill(p);
		forget(p);
	}
	for (int i = 0; i < 6; i++)
		if (pipes[i] >= 0)
			close(pipes[i]);
	return status;
}

static void on_writable(void *arg, int fd, short events)
{
	struct pipeline *p = arg;

	(void)events;
	if (output_write(&p->input) < 0) {
		close_fd(p, &p->in);
		return;
	}
	if (output_waiting(&p->input) > 0)
		return;
	loop_watch(p->loop, fd, 0, NULL, NULL);
	if (p->end_input)
		close_fd(p, &p->in);
}

int pipeline_send(struct pipeline *p)
{
	if (p->input.buf.failed)
		return -1;
	if (p->in < 0)
		return 0;
	return loop_watch(p->loop, p->in, POLLOUT, on_writable, p);
}

void pipeline_end_input(struct pipeline *p)
{
	p->end_input = true;
	if (output_waiting(&p->input) == 0)
		close_fd(p, &p->in);
}

void pipeline_kill(struct pipeline *p)
{
	if (p->pid > 0)
		kill(-p->pid, SIGKILL);
}

void pipeline_put_end(struct buf *out, const struct pipeline *p)
{
	if (WIFSIGNALED(p->wait_status))
		buf_printf(out, "signal %d (%s)", WTERMSIG(p->wait_status),
			   strsignal(WTERMSIG(p->wait_status)));
	else
		buf_printf(out, "status %d", WEXITSTATUS(p->wait_status));
}

void pipeline_free(struct pipeline *p)
{
	pipeline_kill(p);
	forget(p);
}
