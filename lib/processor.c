/* SPDX-License-Identifier: Apache-2.0 */
#include "processor.h"

#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>

enum { RECORD_IN_ENVIRONMENT_MAX = 96 << 10, SIGNALS = 64 };

/* What its end means */

/* The first line that says something. */
static struct str first_line(struct str said)
{
	struct str line;

	while (said.n > 0 && strchr("\r\n", *said.p)) {
		said.p++;
		said.n--;
	}
	line = said;
	for (line.n = 0; line.n < said.n; line.n++)
		if (strchr("\r\n", said.p[line.n]))
			break;
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

static void fail(struct processor *p, const char *code, const char *how,
		 int number, struct str line)
{
	p->outcome = RECORD_FAILED;
	err_set(&p->err, code, "the processor %s %d%s%.*s", how, number,
		line.n > 0 ? ": " : "", STR_FMT(line));
	p->err.retry = true;
}

static void decide(struct processor *p)
{
	struct str line = first_line(buf_str(&p->child.said));
	int status = p->child.wait_status;

	p->took_ms = loop_now(p->loop) - p->started;
	if (WIFSIGNALED(status)) {
		fail(p, "ProcessorKilled", "was killed by signal",
		     WTERMSIG(status), line);
	} else if (could_not_work(WEXITSTATUS(status))) {
		fail(p, "ProcessorFailed", "ended with status",
		     WEXITSTATUS(status), line);
	} else if (WEXITSTATUS(status) == 0) {
		p->outcome = RECORD_GOOD;
	} else {
		p->outcome = RECORD_BAD;
		p->bad.reason = line.n > 0 ? arena_dup(p->arena, line) :
			str_of(arena_printf(p->arena,
					    "the processor ended with status %d",
					    WEXITSTATUS(status)));
	}
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
	const char *const *list = environment(p->record, p->arena);

	if (!list)
		return err_set(err, "OutOfMemory", "out of memory");
	child_init(&p->child);
	p->started = loop_now(p->loop);
	p->child.ended = on_ended;
	p->child.ready = on_ready;
	p->child.arg = p;
	if (child_start(&p->child, p->loop, p->command, list, fd, err) < 0) {
		child_free(&p->child);
		return -1;
	}
	return 0;
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
}
