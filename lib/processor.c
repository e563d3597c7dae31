/* SPDX-License-Identifier: Apache-2.0 */
#include "processor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

enum { RECORD_IN_ENVIRONMENT_MAX = 96 << 10, SIGNALS = 64 };

bool processor_streams(const struct record *record)
{
	return !record->fetch_path.p;
}

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
		p->reason = line.n > 0 ? arena_dup(p->arena, line) :
			str_of(arena_printf(p->arena,
					    "the processor ended with status %d",
					    WEXITSTATUS(status)));
	}
}

/* When neither the program nor the request is under way any more. */
static void settle(struct processor *p)
{
	if (p->child_runs || p->call_runs)
		return;
	if (!err_is_set(&p->err))
		decide(p);
	else
		p->outcome = s3_is_gone(&p->err) ? RECORD_GONE : RECORD_FAILED;
	aws_call_free(&p->call.aws);
	child_free(&p->child);
	p->done(p->arg);
}

/*
 * A program that ends early has seen enough.  One that has had the last byte
 * must still wait for what the digest says of them all.
 */
static void on_ended(void *arg)
{
	struct processor *p = arg;
	bool had_all = p->record->has_size &&
		       p->verify.bytes >= p->record->size;

	p->child_runs = false;
	if (p->call_runs && !had_all) {
		aws_cancel(&p->call.aws);
		p->call_runs = false;
	}
	settle(p);
}

static void on_ready(void *arg)
{
	struct processor *p = arg;

	if (p->call_runs)
		http_resume(&p->call.aws.http);
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

static int run(struct processor *p, int stdin_fd)
{
	const char *const *list = environment(p->record, p->arena);

	if (!list)
		return err_set(&p->err, "OutOfMemory", "out of memory");
	p->child.ended = on_ended;
	p->child.ready = on_ready;
	p->child.arg = p;
	if (child_start(&p->child, p->loop, p->command, list, stdin_fd,
			&p->err) < 0)
		return -1;
	p->child_runs = p->child_ran = true;
	return 0;
}

/* What came to disk may have been cut since. */
static bool is_whole(struct processor *p, int fd)
{
	const struct record *r = p->record;
	unsigned long long bytes;
	struct stat st;

	if (fstat(fd, &st) < 0) {
		err_errno(&p->err, "%s", r->fetch_path.p);
		return false;
	}
	if (!S_ISREG(st.st_mode)) {
		err_set(&p->err, "InvalidRecord", "%s is no file",
			r->fetch_path.p);
		return false;
	}
	if (str_number(r->fetch_bytes, &bytes) == 0 &&
	    bytes != (unsigned long long)st.st_size) {
		err_set(&p->err, "IncompleteBody", "%s has %lld bytes, not %llu",
			r->fetch_path.p, (long long)st.st_size, bytes);
		p->err.retry = true;
		return false;
	}
	return true;
}

static void run_on_file(struct processor *p)
{
	const char *path = p->record->fetch_path.p;
	/* Of a FIFO, which a record could name, nobody waits for a writer. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		err_errno(&p->err, "%s", path);
	} else {
		if (is_whole(p, fd))
			run(p, fd);
		close(fd);
	}
	settle(p);
}

/* Straight from S3 */

/* The program starts with the first byte, so a gone object costs none. */
static int take_bytes(void *arg, const char *bytes, size_t n)
{
	struct processor *p = arg;

	if (!p->child_ran && run(p, -1) < 0)
		return HTTP_ABORT;
	switch (child_write(&p->child, bytes, n)) {
	case 0:
		verify_update(&p->verify, bytes, n);
		return HTTP_TAKEN;
	case 1:
		return HTTP_PAUSE;
	default:
		return HTTP_ABORT;
	}
}

/*
 * If the program closed its stdin, that it did not get the rest is no error.
 * An empty object has had no first byte: its program starts here.
 */
static void on_streamed(void *arg)
{
	struct processor *p = arg;

	p->call_runs = false;
	if (!err_is_set(&p->err) && !p->child.closed_input) {
		p->err = p->call.aws.err;
		if (!err_is_set(&p->err))
			verify_end(&p->verify, p->record, &p->err);
		if (!err_is_set(&p->err) && !p->child_ran)
			run(p, -1);
	}
	if (err_is_set(&p->err))
		child_kill(&p->child);
	else
		child_end_input(&p->child);
	settle(p);
}

static void run_on_stream(struct processor *p)
{
	const struct record *r = p->record;
	struct s3_object object = { r->bucket, r->key, r->version, r->etag };

	p->call_runs = true;
	verify_init(&p->verify, &p->call);
	p->call.options = p->options;
	p->call.aws.arena = p->arena;
	p->call.aws.sink = take_bytes;
	p->call.aws.done = on_streamed;
	p->call.aws.arg = p;
	s3_get(p->aws, &p->call, &object);
}

void processor_start(struct processor *p)
{
	const struct record *r = p->record;

	child_init(&p->child);
	p->started = loop_now(p->loop);
	if (memchr(r->key.p, '\0', r->key.n)) {
		err_set(&p->err, "InvalidKey",
			"a key with a NUL cannot be given to a processor");
		settle(p);
	} else if (processor_streams(r)) {
		run_on_stream(p);
	} else {
		run_on_file(p);
	}
}

void processor_cancel(struct processor *p)
{
	child_kill(&p->child);
	aws_call_free(&p->call.aws);
	child_free(&p->child);
}
