/* SPDX-License-Identifier: Apache-2.0 */
#include "processor.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "note.h"

enum { RECORD_IN_ENVIRONMENT_MAX = 96 << 10, SIGNALS = 64,
       STDERR_MAX = 4 << 10 };

/* What its end means */

static bool is_end(char c)
{
	return c == '\n' || c == '\r';
}

/* The first line that says something. */
static struct str first_line(struct str said)
{
	struct str line = str_trim(said, "\r\n");
	size_t n = 0;

	while (n < line.n && !is_end(line.p[n]))
		n++;
	line.n = n;
	return line;
}

/*
 * Those that say "not now" rather than "no": of sysexits, of execvp(3), and
 * what a shell makes of a signal that killed its command (128 and the number).
 */
static bool could_not_work(int status)
{
	return status == EX_TEMPFAIL || status == 126 || status == 127 ||
	       (status > 128 && status <= 128 + SIGNALS);
}

static void fail(struct processor *p, const char *code, bool retry,
		 const char *format, unsigned long long number)
	__attribute__((format(printf, 4, 0)));

static void fail(struct processor *p, const char *code, bool retry,
		 const char *format, unsigned long long number)
{
	char how[128];

	snprintf(how, sizeof(how), format, number);
	p->outcome = RECORD_FAILED;
	err_set(&p->err, code, "the processor %s%s%.*s", how,
		p->bad.reason.n > 0 ? ": " : "", STR_FMT(p->bad.reason));
	p->err.retry = retry;
}

/* The signal that ended it, or as a shell says, its last command; else 0. */
static int signal_of(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	status = WEXITSTATUS(status) - 128;
	return status == SIGXCPU || status == SIGXFSZ ? status : 0;
}

/* What a limit has ended would come to the same again: no retry. */
static void killed(struct processor *p, int signal)
{
	const struct child_limits *limits = &p->options->limits;

	if (signal == SIGXCPU && limits->cpu_seconds > 0)
		fail(p, "ProcessorLimit", false,
		     "used up its %llu s of CPU time", limits->cpu_seconds);
	else if (signal == SIGXFSZ && p->options->max_output > 0)
		fail(p, "OutputTooLarge", false, "wrote more than %llu bytes",
		     p->options->max_output);
	else
		fail(p, "ProcessorKilled", true, "was killed by signal %llu",
		     (unsigned long long)signal);
}

/* The reason, and what there is to say beyond it. */
static void gather(struct processor *p)
{
	struct str said = buf_str(&p->child.said.kept);
	struct str note = buf_str(&p->child.note.kept);
	struct str line = first_line(said);

	p->bad.reason = line.n > 0 ? arena_dup(p->arena, line) : STR_NONE;
	if (note.n > 0)
		note_read(note, p->arena, &p->bad, &p->complaint);
	said = str_trim(said, "\r\n");
	if (said.n == 0 || str_eq(said, p->bad.reason))
		return;
	said.n = str_cut_utf8(said, STDERR_MAX);
	p->bad.stderr_text = arena_dup(p->arena, said);
}

/* Without its output it is not good, and nobody knows whether it is bad. */
static void take_output(struct processor *p)
{
	struct err err;

	if (!p->output.path)
		return;
	if (outfile_close(&p->output, p->options->max_output, &err) < 0 &&
	    p->outcome != RECORD_FAILED) {
		p->outcome = RECORD_FAILED;
		p->err = err;
	}
	if (p->outcome != RECORD_GOOD)
		outfile_drop(&p->output);
}

static void decide(struct processor *p)
{
	int status = p->child.wait_status;

	p->took_ms = loop_now(p->loop) - p->started;
	gather(p);
	if (p->child.timed_out)
		fail(p, "ProcessorTimeout", true, "was ended after %llu s",
		     p->options->limits.seconds);
	else if (signal_of(status) > 0)
		killed(p, signal_of(status));
	else if (could_not_work(WEXITSTATUS(status)))
		fail(p, "ProcessorFailed", true, "ended with status %llu",
		     (unsigned long long)WEXITSTATUS(status));
	else
		p->outcome = WEXITSTATUS(status) == 0 ? RECORD_GOOD : RECORD_BAD;
	take_output(p);
	if (p->outcome == RECORD_BAD && p->bad.reason.n == 0)
		p->bad.reason = str_of(arena_printf(p->arena,
				"the processor ended with status %d",
				WEXITSTATUS(status)));
}

static void on_ended(void *arg)
{
	struct processor *p = arg;

	decide(p);
	p->ended(p->arg);
}

static void on_ready(void *arg)
{
	struct processor *p = arg;

	p->ready(p->arg);
}

/* Starting it */

static const char *const *environment(const struct record *r,
				      struct arena *arena)
{
	const struct {
		const char *name;
		struct str value;
	} table[] = {
		{ "S3EV_BUCKET", r->bucket }, { "S3EV_KEY", r->key },
		{ "S3EV_SIZE", r->size_text }, { "S3EV_ETAG", r->etag },
		{ "S3EV_VERSION", r->version }, { "S3EV_ID", r->id },
		{ "S3EV_EVENT", r->event }, { "S3EV_TIME", r->time },
		{ "S3EV_PATH", r->fetch_path },
		{ "S3EV_RECORD", r->line.n > RECORD_IN_ENVIRONMENT_MAX ?
				 STR_NONE : r->line },
	};
	const size_t count = sizeof(table) / sizeof(*table);
	const char **list = arena_alloc(arena, (count + 1) * sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; list && i < count; i++) {
		if (!table[i].value.p)
			continue;
		list[n] = arena_printf(arena, "%s=%.*s", table[i].name,
				       STR_FMT(table[i].value));
		if (!list[n++])
			return NULL;
	}
	return list;
}

int processor_start(struct processor *p, int fd, struct err *err)
{
	struct child_plan plan = {
		.command = p->options->command,
		.environment = environment(p->record, p->arena),
		.with_credentials = p->options->with_credentials,
		.limits = p->options->limits,
		.in = fd,
		.out = -1,
		.has_note = true,
	};

	if (!plan.environment)
		return err_set(err, "OutOfMemory", "out of memory");
	if (p->options->has_output) {
		if (outfile_open(&p->output, p->options->directory,
				 p->record->id, p->arena, err) < 0)
			return -1;
		plan.out = p->output.fd;
	}
	child_init(&p->child);
	p->started = loop_now(p->loop);
	p->child.ended = on_ended;
	p->child.ready = on_ready;
	p->child.arg = p;
	return child_start(&p->child, p->loop, &plan, err);
}

int processor_write(struct processor *p, const char *bytes, size_t n)
{
	return child_write(&p->child, bytes, n);
}

bool processor_is_busy(const struct processor *p)
{
	return p->child.input.n > 0;
}

void processor_end_input(struct processor *p)
{
	child_end_input(&p->child);
}

void processor_kill(struct processor *p)
{
	child_kill(&p->child);
}

void processor_free(struct processor *p)
{
	if (p->child.loop)
		child_free(&p->child);
	outfile_drop(&p->output);
}
