/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* asprintf, O_PATH */
#include "processor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads of one turn: other work goes on even if a pipe is always full. */
enum { READS = 4, READ_SIZE = 32 << 10 };

enum { VARIABLES = 5, PLACES = 3 };

static const char prefix[] = "s3ev-work.";

void child_prepare(struct child_common *common)
{
	strays_adopt(&common->strays);
	scratch_sweep(prefix);
}

void child_finish(struct child_common *common, const struct loop *loop)
{
	strays_kill(&common->strays, loop, 0, NULL);
	strays_free(&common->strays);
	sandbox_free(&common->sandbox);
}

void child_init(struct child *child)
{
	memset(child, 0, sizeof(*child));
	child->in = child->out = child->said.fd = child->note.fd = -1;
	child->said.child = child->note.child = child;
	buf_init(&child->said.kept, CHILD_SAID_MAX);
	buf_init(&child->note.kept, CHILD_SAID_MAX);
	buf_init(&child->said.last, READ_SIZE + CHILD_LAST_MAX);
	buf_init(&child->note.last, READ_SIZE + CHILD_LAST_MAX);
	buf_init(&child->input, CHILD_INPUT_MAX);
}

/* Starting it */

static char *variable(const char *name, const char *value)
{
	char *text;

	return asprintf(&text, "%s=%s", name, value) < 0 ? NULL : text;
}

/* The variables that name its folder; free_variables() frees them. */
static int name_folder(char **variables, const char *folder,
		       const struct command_passes *passes)
{
	const char *names[] = { "S3EV_FOLDER", "TMPDIR", "PWD", "HOME" };
	bool has_home = command_names(passes, "HOME=");
	size_t n = 0, count = sizeof(names) / sizeof(*names) - has_home;
	char here[PATH_MAX];

	for (; n < count; n++) {
		variables[n] = variable(names[n], folder);
		if (!variables[n])
			return -1;
	}
	if (getcwd(here, sizeof(here)))
		variables[n] = variable("OLDPWD", here);
	return 0;
}

static void free_variables(char **variables)
{
	for (int i = 0; i < VARIABLES; i++)
		free(variables[i]);
}

/* What passes of ours, under the plan's variables and those of the folder. */
static const char **environment_of(const struct child_plan *plan,
				   char **variables)
{
	const char **over, **list;
	size_t n = 0, count = 0;

	while (plan->environment[n])
		n++;
	over = calloc(n + VARIABLES + 1, sizeof(*over));
	if (!over)
		return NULL;
	while (count < VARIABLES && variables[count]) {
		over[count] = variables[count];
		count++;
	}
	memcpy(over + count, plan->environment, n * sizeof(*over));
	list = command_environment(over, &plan->passes);
	free(over);
	return list;
}

/* Its sandbox */

static bool is_file(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static int open_path(const char *path)
{
	return open(path, O_PATH | O_CLOEXEC);
}

static int open_readable(struct str path)
{
	char *text = path.p ? strndup(path.p, path.n) : NULL;
	int fd = text ? open_path(text) : -1;

	free(text);
	return fd;
}

/* Its own places: the folder, and its input, which may be opened by name. */
static int make_ruleset(const struct child *child,
			const struct child_plan *plan)
{
	int folder = open_path(child->folder.path), ruleset = -1;
	int readable = open_readable(plan->readable);
	struct sandbox_place places[PLACES];
	size_t n = 0;

	places[n++] = (struct sandbox_place){ folder, SANDBOX_WRITE };
	if (readable >= 0)
		places[n++] = (struct sandbox_place){ readable, SANDBOX_READ };
	if (is_file(plan->in))
		places[n++] = (struct sandbox_place){ plan->in, SANDBOX_READ };
	if (folder >= 0)
		ruleset = sandbox_ruleset(&plan->common->sandbox, places, n);
	if (folder >= 0)
		close(folder);
	if (readable >= 0)
		close(readable);
	return ruleset;
}

/* Run the command with this environment, in the folder. */
static int run(struct child *child, const struct child_plan *plan,
	       const char **environment, int ruleset)
{
	const char *argv[COMMAND_ARGV_SIZE];
	struct spawn_plan how = {
		.argv = argv,
		.envp = environment,
		.directory = child->folder.path,
		.name = plan->command,
		.limits = plan->limits.process,
		.is_held = ruleset >= 0,
		.ruleset = ruleset,
		.dies_with_us = true, /* nobody would hear its verdict */
		.fds = {
			{ plan->in < 0 ? SPAWN_WRITE : SPAWN_GIVE, plan->in },
			{ .kind = plan->has_out ? SPAWN_READ : SPAWN_NULL },
			{ .kind = SPAWN_READ },
			[CHILD_NOTE_FD] = { .kind = SPAWN_READ },
		},
		.n_fds = plan->has_note ? CHILD_NOTE_FD + 1 : CHILD_NOTE_FD,
	};
	int ours[SPAWN_FDS_MAX];

	command_argv(plan->command, argv);
	child->pid = spawn(&how, ours);
	child->in = ours[0];
	child->out = ours[1];
	child->said.fd = ours[2];
	child->note.fd = ours[CHILD_NOTE_FD];
	if (child->pid > 0)
		return 0;
	child->pid = 0;
	return -1;
}

static int start(struct child *child, const struct child_plan *plan)
{
	char *variables[VARIABLES] = { NULL };
	const char **environment = NULL;
	bool is_held = plan->common->has_sandbox;
	int status = -1, ruleset = is_held ? make_ruleset(child, plan) : -1;

	if ((ruleset >= 0 || !is_held) &&
	    name_folder(variables, child->folder.path, &plan->passes) == 0)
		environment = environment_of(plan, variables);
	if (environment)
		status = run(child, plan, environment, ruleset);
	if (ruleset >= 0)
		close(ruleset);
	free(environment);
	free_variables(variables);
	return status;
}

/* What it says */

static void keep(struct child_pipe *from, const char *bytes, size_t n)
{
	size_t room = CHILD_SAID_MAX - from->kept.n;

	buf_put(&from->kept, bytes, n < room ? n : room);
	buf_put(&from->last, bytes, n);
	if (from->last.n > CHILD_LAST_MAX)
		buf_consume(&from->last, from->last.n - CHILD_LAST_MAX);
}

static void read_pipe(struct child_pipe *from)
{
	char bytes[READ_SIZE];
	ssize_t n = 0;

	for (int i = 0; i < READS; i++) {
		n = read(from->fd, bytes, sizeof(bytes));
		if (n <= 0)
			break;
		keep(from, bytes, (size_t)n);
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		loop_close(from->child->loop, &from->fd);
}

static void on_pipe(void *arg, int fd, short events)
{
	(void)fd;
	(void)events;
	read_pipe(arg);
}

void child_listen(struct child *child)
{
	if (child->said.fd >= 0)
		read_pipe(&child->said);
	if (child->note.fd >= 0)
		read_pipe(&child->note);
}

/* Kill what it left running, so that nothing more is written to its pipes. */
static void clean_up(struct child *child)
{
	char *mark = variable("S3EV_FOLDER", child->folder.path);

	loop_timer_stop(&child->timer);
	if (child->has_ended)
		loop_child_forget(child->loop, child->pid);
	if (child->pid > 0)
		strays_kill(&child->common->strays, child->loop, child->pid,
			    mark);
	free(mark);
	child->pid = 0;
	scratch_close(&child->folder);
	loop_close(child->loop, &child->in);
}

static void finish(void *arg)
{
	struct child *child = arg;

	clean_up(child);
	child_listen(child);
	loop_close(child->loop, &child->said.fd);
	loop_close(child->loop, &child->note.fd);
	child->ended(child->arg);
}

static void on_ended(void *arg, pid_t pid, int wait_status)
{
	struct child *child = arg;

	child->wait_status = wait_status;
	child->has_ended = !child->timed_out && child->lingers &&
			   child->lingers(child->arg) &&
			   loop_child_keep(child->loop, pid) == 0;
	if (!child->has_ended)
		finish(child);
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
	/* If we died of a closed pipe, the folder would be left behind. */
	signal(SIGPIPE, SIG_IGN);
	child->loop = loop;
	child->common = plan->common;
	if (scratch_open(&child->folder, prefix, err) < 0)
		return -1;
	if (start(child, plan) < 0 || watch(child) < 0) {
		err_errno(err, "cannot start %s", plan->command);
		child_free(child);
		return -1;
	}
	if (plan->limits.seconds > 0)
		loop_timer_set(loop, &child->timer,
			       plan->limits.seconds * 1000, on_time_up, child);
	return 0;
}

/* Write what waits; -1 when the child reads no more. */
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
			loop_close(child->loop, &child->in);
			return -1;
		}
	}
	if (child->end_input)
		loop_close(child->loop, &child->in);
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

bool child_is_busy(const struct child *child)
{
	return child->input.n > 0;
}

int child_write(struct child *child, const char *bytes, size_t n)
{
	if (child->in < 0)
		return -1;
	if (child_is_busy(child))
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
		loop_close(child->loop, &child->in);
}

/* Ending it */

/* What lingers is killed when it is cleaned up. */
void child_kill(struct child *child)
{
	if (child->has_ended)
		loop_timer_set(child->loop, &child->timer, 0, finish, child);
	else
		spawn_signal(child->pid, SIGKILL);
}

static void on_grace_over(void *arg)
{
	child_kill(arg);
}

void child_end(struct child *child)
{
	if (child->pid <= 0)
		return;
	if (child->has_ended) {
		child_kill(child);
		return;
	}
	spawn_signal(child->pid, SIGTERM);
	spawn_signal(child->pid, SIGCONT);
	loop_timer_set(child->loop, &child->timer, CHILD_GRACE_MS,
		       on_grace_over, child);
}

void child_free(struct child *child)
{
	if (child->pid > 0 && !child->has_ended) {
		loop_child_forget(child->loop, child->pid);
		child_kill(child);
	}
	if (child->folder.path)
		clean_up(child);
	loop_close(child->loop, &child->in);
	loop_close(child->loop, &child->out);
	loop_close(child->loop, &child->said.fd);
	loop_close(child->loop, &child->note.fd);
	buf_free(&child->said.kept);
	buf_free(&child->note.kept);
	buf_free(&child->said.last);
	buf_free(&child->note.last);
	buf_free(&child->input);
}
