/* SPDX-License-Identifier: Apache-2.0 */
#include "processor/processor.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "processor/said.h"
#include "processor/shortage.h"
#include "processor/verdict.h"
#include "record/record_shown.h"

enum { RECORD_IN_ENVIRONMENT_MAX = 96 << 10, SIGNALS = 64,
       STDERR_MAX = 4 << 10, AGAIN_MS = 1000, OUTPUT_QUIET_MS = 2000 };

/* What its end means */

/*
 * A status that says "not now" rather than "no": EX_TEMPFAIL, a shell's for a
 * program that cannot be executed, and its 128 + N for a command that was
 * killed by signal N.
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

/* The limit's signal, or any that killed it; a shell reports 128 + N.  Else 0. */
static int signal_of(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	status = WEXITSTATUS(status) - 128;
	return status == SIGXCPU || status == SIGXFSZ ? status : 0;
}

/* A processor that a limit ended would end the same way again: no retry. */
static void killed(struct processor *p, int signal)
{
	const struct child_limits *limits = &p->options->limits;

	if (signal == SIGXCPU && limits->process.cpu_seconds > 0)
		fail(p, "ProcessorLimit", false,
		     "used up its %llu s of CPU time",
		     limits->process.cpu_seconds);
	else if (signal == SIGXFSZ && p->options->max_output > 0)
		fail(p, "OutputTooLarge", false, "wrote more than %llu bytes",
		     p->options->max_output);
	else
		fail(p, "ProcessorKilled", true, "was killed by signal %llu",
		     (unsigned long long)signal);
}

static bool is_misfit(const struct processor *p)
{
	int status = p->child.wait_status;

	return WIFEXITED(status) && WEXITSTATUS(status) == EX_CONFIG;
}

/* The reason, and the rest of its stderr. */
static void gather(struct processor *p)
{
	struct str said = buf_str(&p->child.said.kept);
	struct str note = buf_str(&p->child.note.kept);
	struct str line = is_misfit(p) ?
		said_last(buf_str(&p->child.said.last)) : said_first(said);

	p->bad.reason = line.n > 0 ? arena_dup(p->arena, line) : STR_NONE;
	if (note.n > 0)
		verdict_read_bad(note, p->arena, &p->bad, &p->complaint);
	said = str_trim(said, "\r\n");
	if (said.n == 0 || str_eq(said, p->bad.reason))
		return;
	said.n = str_cut_utf8(said, STDERR_MAX);
	p->bad.stderr_text = arena_dup(p->arena, said);
}

/* An object whose output is lost is neither good nor known to be bad. */
static void take_output(struct processor *p)
{
	if (!p->output.path)
		return;
	if (outfile_close(&p->output) < 0) {
		p->outcome = RECORD_FAILED;
		p->err = p->output.err;
	}
	if (p->outcome != RECORD_GOOD)
		outfile_drop(&p->output);
}

/*
 * It ended with a status that is a verdict; could it form one?  Why not is what
 * it has said last, however much that was.
 */
static bool is_short(const struct processor *p)
{
	bool has_limit = p->options->limits.process.memory > 0;

	return shortage_is_in(buf_str(&p->child.said.kept), has_limit) ||
	       shortage_is_in(buf_str(&p->child.said.last), has_limit);
}

/* If it ended at once, it has hardly seen a byte, and may just run again. */
static void fail_short(struct processor *p)
{
	fail(p, "ProcessorFailed", true, "could not run, status %llu",
	     (unsigned long long)WEXITSTATUS(p->child.wait_status));
	p->may_run_again = p->took_ms < AGAIN_MS;
}

static void decide(struct processor *p)
{
	int status = p->child.wait_status;

	p->took_ms = loop_now(p->loop) - p->started;
	loop_timer_stop(&p->patience);
	gather(p);
	if (p->child.timed_out)
		fail(p, "ProcessorTimeout", true, "was ended after %llu s",
		     p->options->limits.seconds);
	else if (signal_of(status) > 0)
		killed(p, signal_of(status));
	else if (is_misfit(p))
		fail(p, ERR_PROCESSOR_CONFIG, true, "is set up wrongly "
		     "(status %llu)", (unsigned long long)EX_CONFIG);
	else if (could_not_work(WEXITSTATUS(status)))
		fail(p, "ProcessorFailed", true, "ended with status %llu",
		     (unsigned long long)WEXITSTATUS(status));
	else if (WEXITSTATUS(status) == 0 && p->is_cut)
		fail(p, "OutputUnfinished", true, "ended, but %llu s later what "
		     "it had started still held its output open, so the output "
		     "may be cut off", OUTPUT_QUIET_MS / 1000);
	else if (WEXITSTATUS(status) == 0)
		p->outcome = RECORD_GOOD;
	else if (is_short(p))
		fail_short(p);
	else
		p->outcome = RECORD_BAD;
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

/* If it is not heard any more, or was waited for, it need not go on. */
static void on_output_over(void *arg)
{
	struct processor *p = arg;

	if (err_is_set(&p->output.err) || p->is_waited_for)
		child_end(&p->child);
}

static void on_patience_over(void *arg);

static void be_patient(struct processor *p)
{
	p->heard = p->output.bytes;
	loop_timer_set(p->loop, &p->patience, OUTPUT_QUIET_MS, on_patience_over,
		       p);
}

/* Who still writes is waited for, as the next program of a pipe would. */
static void on_patience_over(void *arg)
{
	struct processor *p = arg;

	if (p->output.bytes > p->heard) {
		be_patient(p);
		return;
	}
	p->is_cut = true;
	child_end(&p->child);
}

/*
 * It has ended, but others may write its output: a shell does not wait for a
 * program that it has written through, as in "exec > >(gzip)".
 */
static bool lingers(void *arg)
{
	struct processor *p = arg;
	int status = p->child.wait_status;

	p->is_waited_for = WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
			   p->output.path && outfile_is_open(&p->output);
	if (p->is_waited_for)
		be_patient(p);
	return p->is_waited_for;
}

/* Starting it */

/* Absent if it is too long.  -1 if memory is out. */
static int show_record(const struct record *r, struct arena *arena,
		       struct str *line)
{
	struct buf text;
	int status = 0;

	*line = STR_NONE;
	if (r->line.n > RECORD_IN_ENVIRONMENT_MAX)
		return 0;
	buf_init(&text, 6 * RECORD_IN_ENVIRONMENT_MAX);
	record_put_shown(&text, r->line);
	if (!text.failed && text.n <= RECORD_IN_ENVIRONMENT_MAX)
		*line = arena_dup(arena, buf_str(&text));
	if (text.failed || (text.n <= RECORD_IN_ENVIRONMENT_MAX && !line->p))
		status = -1;
	buf_free(&text);
	return status;
}

static const char *const *environment(const struct record *r,
				      struct arena *arena)
{
	struct str line;
	int shown = show_record(r, arena, &line);
	const struct {
		const char *name;
		struct str value;
	} table[] = {
		{ "S3EV_BUCKET", r->bucket }, { "S3EV_KEY", r->key },
		{ "S3EV_SIZE", r->size_text }, { "S3EV_ETAG", r->etag },
		{ "S3EV_VERSION", r->version }, { "S3EV_ID", r->id },
		{ "S3EV_EVENT", r->event }, { "S3EV_TIME", r->time },
		{ "S3EV_PATH", r->fetch_path },
		{ "S3EV_RECORD", line },
	};
	const size_t count = sizeof(table) / sizeof(*table);
	const char **list = shown < 0 ? NULL :
		arena_alloc(arena, (count + 1) * sizeof(*list));
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

static int fill_output(struct processor *p, struct err *err)
{
	int from = p->child.out;

	p->child.out = -1;
	if (outfile_fill(&p->output, p->loop, from, p->options->max_output,
			 on_output_over, p) == 0)
		return 0;
	err_errno(err, "cannot read the processor's output");
	child_free(&p->child);
	return -1;
}

int processor_start(struct processor *p, int fd, struct err *err)
{
	struct child_plan plan = {
		.command = p->options->command,
		.environment = environment(p->record, p->arena),
		.common = &p->options->common,
		.passes = processor_option_passes(p->options),
		.readable = p->record->fetch_path,
		.limits = p->options->limits,
		.in = fd,
		.has_out = p->options->has_output,
		.has_note = true,
	};

	if (!plan.environment)
		return err_memory(err);
	if (plan.has_out &&
	    outfile_open(&p->output, p->options->directory, p->record->id,
			 p->arena, err) < 0)
		return -1;
	child_init(&p->child);
	p->started = loop_now(p->loop);
	p->child.ended = on_ended;
	p->child.ready = on_ready;
	p->child.lingers = lingers;
	p->child.arg = p;
	if (child_start(&p->child, p->loop, &plan, err) < 0) {
		p->may_run_again = shortage_is_in(str_of(err->message), false);
		return -1;
	}
	return plan.has_out ? fill_output(p, err) : 0;
}

int processor_write(struct processor *p, const char *bytes, size_t n)
{
	return child_write(&p->child, bytes, n);
}

bool processor_is_deaf(const struct processor *p)
{
	return p->child.closed_input;
}

bool processor_is_busy(const struct processor *p)
{
	return child_is_busy(&p->child);
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
	loop_timer_stop(&p->patience);
	if (p->child.loop)
		child_free(&p->child);
	outfile_drop(&p->output);
}
