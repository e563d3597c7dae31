/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program of the user's that prints keys as JSON.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
 */
#define _GNU_SOURCE		/* explicit_bzero */

#include "creds/creds_process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/diag.h"
#include "format/iso.h"
#include "format/json_pick.h"
#include "io/spawn.h"

enum {
	LIMIT_MS = 60 * 1000, OUT_MAX = 64 << 10, SAID_MAX = 4096,
	WORDS_MAX = 256
};

/*
 * Lives until the child has ended, which may be after the job: then job is
 * NULL.
 */
struct run {
	struct creds_job *job;
	struct loop *loop;
	pid_t pid;
	int out, err;		/* our ends of the pipes, or -1 */
	struct buf text, said;
	bool late, too_much;
};

struct process_answer {
	struct str version, id, secret, token, expiration, account;
};

static const struct json_pick_field fields[] = {
	{ "Version", offsetof(struct process_answer, version), false },
	{ "AccessKeyId", offsetof(struct process_answer, id), false },
	{ "SecretAccessKey", offsetof(struct process_answer, secret), false },
	{ "SessionToken", offsetof(struct process_answer, token), false },
	{ "Expiration", offsetof(struct process_answer, expiration), false },
	{ "AccountId", offsetof(struct process_answer, account), false },
};

/* The command line */

/*
 * One word as a shell would read it, with quotes and backslashes but without
 * anything that a shell would put in its place.  Returns its end in *rest, -1
 * when a quote is not closed.
 */
static int read_word(struct str *rest, struct buf *word)
{
	char quote = '\0';

	while (rest->n > 0 && (quote || !strchr(" \t", *rest->p))) {
		char c = *rest->p;
		char next = rest->n > 1 ? rest->p[1] : '\0';
		size_t taken = 1;

		if (quote ? c == quote : c == '"' || c == '\'') {
			quote = quote ? '\0' : c;
		} else if (c == '\\' && quote != '\'' && rest->n > 1 &&
			   (!quote || next == '"' || next == '\\')) {
			buf_putc(word, next);
			taken = 2;
		} else {
			buf_putc(word, c);
		}
		rest->p += taken;
		rest->n -= taken;
	}
	return quote ? -1 : 0;
}

/* The words of the command in the job's arena, NULL at the end. */
static char **split_command(struct creds_job *job)
{
	char **words = arena_alloc(&job->arena,
				   (WORDS_MAX + 1) * sizeof(*words));
	struct str rest = job->step->command;
	struct buf word;
	size_t n = 0;
	int status = 0;

	buf_init(&word, CREDS_TEXT_MAX);
	while (words && n < WORDS_MAX && status == 0) {
		while (rest.n > 0 && strchr(" \t", *rest.p)) {
			rest.p++;
			rest.n--;
		}
		if (rest.n == 0)
			break;
		buf_reset(&word);
		status = read_word(&rest, &word);
		words[n] = (char *)arena_dup(&job->arena, buf_str(&word)).p;
		if (word.failed || !words[n++])
			status = -1;
	}
	buf_free(&word);
	if (status == 0 && n > 0 && rest.n == 0)
		return words;
	err_set(&job->err, "InvalidConfig", "%s: not a command, or a quote is "
		"not closed", job->step->from);
	return NULL;
}

/* The child */

static void free_run(struct run *run)
{
	loop_close(run->loop, &run->out);
	loop_close(run->loop, &run->err);
	if (run->text.p)
		explicit_bzero(run->text.p, run->text.size);
	buf_free(&run->text);
	buf_free(&run->said);
	free(run);
}

static void on_bytes(void *arg, int fd, short events)
{
	struct run *run = arg;
	struct buf *to = fd == run->out ? &run->text : &run->said;
	char bytes[4096];
	ssize_t n;

	(void)events;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0) {
		size_t room = to->max - to->n;

		if (fd == run->out && (size_t)n > room && !run->too_much) {
			run->too_much = true;
			spawn_signal(run->pid, SIGKILL);
		}
		buf_put(to, bytes, (size_t)n < room ? (size_t)n : room);
	}
	explicit_bzero(bytes, sizeof(bytes));
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		loop_close(run->loop, fd == run->out ? &run->out : &run->err);
}

/* Its own first line says most: "token expired, run okta-login". */
static void failed(struct run *run, int status)
{
	struct creds_job *job = run->job;
	struct str said = buf_str(&run->said);
	struct buf line;

	said.n = said.n > 0 ? strcspn(buf_cstr(&run->said), "\r\n") : 0;
	buf_init(&line, SAID_MAX * 4);
	diag_put(&line, said);
	if (run->late)
		err_set(&job->err, "Timeout", "%s: did not end in %d s",
			job->step->from, LIMIT_MS / 1000);
	else if (run->too_much)
		err_set(&job->err, "CredentialsRefused",
			"%s: printed more than %d bytes", job->step->from,
			OUT_MAX);
	else if (WIFSIGNALED(status))
		err_set(&job->err, "CredentialsRefused",
			"%s: killed by signal %d", job->step->from,
			WTERMSIG(status));
	else
		err_set(&job->err, "CredentialsRefused",
			"%s: ended with status %d%s%.*s", job->step->from,
			WEXITSTATUS(status), said.n > 0 ? ": " : "",
			STR_FMT(buf_str(&line)));
	/* Nothing need be mended for it to end in time the next time. */
	job->err.retry = run->late ||
			 (!run->too_much && WIFSIGNALED(status));
	buf_free(&line);
}

static void take_keys(struct run *run)
{
	struct creds_job *job = run->job;
	struct creds_keys keys = { .from = job->step->from };
	struct process_answer answer;

	if (creds_job_pick(job, buf_str(&run->text), fields,
			   sizeof(fields) / sizeof(*fields), &answer) < 0)
		return;
	keys.access_key_id = answer.id;
	keys.secret_access_key = answer.secret;
	keys.session_token = answer.token;
	keys.account = answer.account.n > 0 ? answer.account :
					      job->step->account;
	if (!str_is(answer.version, "1"))
		err_set(&job->err, "CredentialsRefused", "%s: Version is "
			"\"%.*s\", not 1", job->step->from,
			STR_FMT(answer.version));
	else if (answer.expiration.n > 0 &&
		 iso_time(answer.expiration, &keys.expires) < 0)
		err_set(&job->err, "CredentialsRefused",
			"%s: Expiration is not a time", job->step->from);
	else
		creds_set_copy(&job->set, &keys, &job->err);
	creds_set_wipe(answer.secret);
	creds_set_wipe(answer.token);
}

static void on_end(void *arg, pid_t pid, int status)
{
	struct run *run = arg;
	struct creds_job *job = run->job;

	kill(-pid, SIGKILL);
	run->pid = 0;
	if (run->out >= 0)
		on_bytes(run, run->out, POLLIN);
	if (run->err >= 0)
		on_bytes(run, run->err, POLLIN);
	if (!job) {
		free_run(run);
		return;
	}
	if (run->late || run->too_much || status != 0)
		failed(run, status);
	else
		take_keys(run);
	job->process = NULL;
	free_run(run);
	creds_job_end(job);
}

static void on_limit(struct creds_job *job)
{
	struct run *run = job->process;

	run->late = true;
	spawn_signal(run->pid, SIGKILL);
}

static struct run *new_run(struct creds_job *job)
{
	struct run *run = calloc(1, sizeof(*run));

	if (!run)
		return NULL;
	run->job = job;
	run->loop = job->loop;
	run->out = run->err = -1;
	buf_init(&run->text, OUT_MAX);
	buf_room(&run->text, OUT_MAX);
	buf_init(&run->said, SAID_MAX);
	return run;
}

static int spawn_words(struct run *run, char **words)
{
	const struct spawn_plan plan = {
		.argv = (const char *const *)words,
		.fds = { { .kind = SPAWN_NULL }, { .kind = SPAWN_READ },
			 { .kind = SPAWN_READ } },
	};
	int ours[SPAWN_FDS_MAX];

	run->pid = spawn(&plan, ours);
	run->out = ours[1];
	run->err = ours[2];
	return run->pid < 0 ? -1 : 0;
}

/* Its end is always waited for here, or by the loop. */
static int watch(struct run *run)
{
	if (loop_child(run->loop, run->pid, on_end, run) < 0) {
		spawn_signal(run->pid, SIGKILL);
		waitpid(run->pid, NULL, 0);
		return -1;
	}
	loop_watch(run->loop, run->out, POLLIN, on_bytes, run);
	loop_watch(run->loop, run->err, POLLIN, on_bytes, run);
	return 0;
}

static int start(struct creds_job *job)
{
	char **words = split_command(job);
	struct run *run;

	if (!words)
		return -1;
	run = new_run(job);
	if (!run)
		return err_memory(&job->err);
	if (spawn_words(run, words) < 0)
		err_errno(&job->err, "%s", job->step->from);
	else if (watch(run) < 0)
		err_memory(&job->err);
	else
		job->process = run;
	if (!job->process) {
		free_run(run);
		return -1;
	}
	creds_job_wait(job, LIMIT_MS, on_limit);
	return 0;
}

static void stop(struct creds_job *job)
{
	struct run *run = job->process;

	if (!run)
		return;
	spawn_signal(run->pid, SIGKILL);
	run->job = NULL;
	job->process = NULL;
}

const struct creds_source creds_process = { start, stop };
