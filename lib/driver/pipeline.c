/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/pipeline.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "io/spawn.h"

/* Enough to empty a pipe: a writer that goes on must not hold us up for ever. */
enum { READS = 16 };

void pipeline_init(struct pipeline *p, struct loop *loop)
{
	memset(p, 0, sizeof(*p));
	p->loop = loop;
	p->in = p->out = p->err = p->lock = -1;
	lines_init(&p->lines, PIPELINE_LINE_MAX);
	lines_init(&p->errors, PIPELINE_LINE_MAX);
	output_init(&p->input, -1, PIPELINE_INPUT_MAX);
}

/* Drop what is left of one run, so that the next begins with nothing. */
static void forget(struct pipeline *p)
{
	loop_close(p->loop, &p->in);
	loop_close(p->loop, &p->out);
	loop_close(p->loop, &p->err);
	lines_free(&p->lines);
	lines_free(&p->errors);
	output_free(&p->input);
	output_init(&p->input, -1, PIPELINE_INPUT_MAX);
}

/* A line that is too long, or was cut off by its end, is told in a few words. */
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

/* Read once; close the pipe at its end, or when it cannot be read. */
static void read_lines(struct pipeline *p, int *fd, struct lines *lines,
		       void (*take)(void *ctx, struct str line))
{
	if (lines_read(lines, *fd) < 0)
		lines->ended = true;
	hand_out(lines, p->ctx, take);
	if (lines->ended)
		loop_close(p->loop, fd);
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
	p->ended(p->ctx);
}

static int run(struct pipeline *p, char *const *argv)
{
	const struct spawn_plan plan = {
		.argv = (const char *const *)argv,
		.fds = { { .kind = SPAWN_WRITE }, { .kind = SPAWN_READ },
			 { .kind = SPAWN_READ },
			 { .kind = SPAWN_GIVE, .fd = p->lock } },
		.n_fds = p->lock < 0 ? 3 : 4,
	};
	int ours[SPAWN_FDS_MAX];
	pid_t pid = spawn(&plan, ours);

	p->in = ours[0];
	p->out = ours[1];
	p->err = ours[2];
	p->pid = pid > 0 ? pid : 0;
	return pid > 0 ? 0 : -1;
}

static int watch(struct pipeline *p)
{
	if (loop_watch(p->loop, p->out, POLLIN, on_readable, p) < 0 ||
	    loop_watch(p->loop, p->err, POLLIN, on_readable, p) < 0)
		return -1;
	return loop_child(p->loop, p->pid, on_ended, p);
}

int pipeline_start(struct pipeline *p, char *const *argv, struct err *err)
{
	if (run(p, argv) < 0 || watch(p) < 0) {
		err_errno(err, "cannot start %s", argv[0]);
		pipeline_kill(p);
		forget(p);
		return -1;
	}
	lines_init(&p->lines, PIPELINE_LINE_MAX);
	lines_init(&p->errors, PIPELINE_LINE_MAX);
	output_init(&p->input, p->in, PIPELINE_INPUT_MAX);
	p->end_input = false;
	p->running = true;
	return 0;
}

static void on_writable(void *arg, int fd, short events)
{
	struct pipeline *p = arg;

	(void)events;
	if (output_write(&p->input) < 0) {
		loop_close(p->loop, &p->in);
		return;
	}
	if (output_waiting(&p->input) > 0)
		return;
	loop_watch(p->loop, fd, 0, NULL, NULL);
	if (p->end_input)
		loop_close(p->loop, &p->in);
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
		loop_close(p->loop, &p->in);
}

void pipeline_kill(struct pipeline *p)
{
	spawn_signal(p->pid, SIGKILL);
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
