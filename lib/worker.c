/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* pipe2 */
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "answer.h"
#include "child.h"
#include "source.h"

enum { PIECE = 64 << 10 };

struct worker {
	struct workers *workers;
	struct child child;
	struct worker_job *job;		/* NULL: it is idle, or ends */
	struct loop_timer timer;	/* of the job */
	struct buf answer;		/* so far */
	int out;			/* our end of its stdout, or -1 */
	bool runs, ends;
	bool answered;			/* at least once */
};

struct workers {
	struct loop *loop;
	const struct processor_options *options;
	unsigned count;
	struct worker *list;
	struct worker_job *first, **last;	/* that wait for a worker */
	unsigned deaths;		/* in a row, without an answer */
	uint64_t pause_ms;
	uint64_t until;			/* none is started before */
	bool is_running;		/* serve() is */
};

static void serve(struct workers *workers);

/* The end of a question */

static void finish(struct worker_job *job, enum record_outcome outcome)
{
	struct worker *worker = job->worker;

	job->outcome = outcome;
	if (worker) {
		loop_timer_stop(&worker->timer);
		worker->job = NULL;
		job->took_ms = loop_now(worker->workers->loop) - job->started;
	}
	job->worker = NULL;
	job->workers = NULL;
	job->done(job->arg);
}

static void fail(struct worker_job *job, const char *code, const char *text)
{
	err_set(&job->err, code, "%s", text);
	job->err.retry = true;
	finish(job, RECORD_FAILED);
}

/* It cannot be trusted any more; another takes its place when it is gone. */
static void dismiss(struct worker *worker)
{
	if (!worker->ends)
		child_end(&worker->child);
	worker->ends = true;
}

/* What it says */

static struct str first_line(struct str said)
{
	struct str line;

	do
		line = str_next(&said, '\n');
	while (line.p && line.n == 0);
	return line;
}

static void take_answer(struct worker *worker, struct str line)
{
	struct worker_job *job = worker->job;
	enum record_outcome outcome;

	worker->answered = true;
	worker->workers->deaths = 0;
	worker->workers->pause_ms = WORKER_PAUSE_MS;
	outcome = answer_read(line, job->record->id, job->arena, &job->bad,
			      &job->err);
	if (outcome == RECORD_FAILED &&
	    strcmp(job->err.code, "InvalidAnswer") == 0)
		dismiss(worker);
	finish(job, outcome);
}

/* Whoever speaks without being asked, or ends its stdout, is dismissed. */
static void look(struct worker *worker)
{
	struct str said = buf_str(&worker->answer);
	const char *end = said.n > 0 ? memchr(said.p, '\n', said.n) : NULL;

	if (said.n == 0 || worker->ends)
		return;
	if (!worker->job || (end && end + 1 < said.p + said.n) ||
	    (!end && said.n >= WORKER_ANSWER_MAX))
		dismiss(worker);
	if (!worker->job)
		return;
	if (end) {
		said.n = (size_t)(end - said.p);
		take_answer(worker, said);
		buf_reset(&worker->answer);
	} else if (worker->ends) {
		fail(worker->job, "InvalidAnswer",
		     "the processor's answer is too long");
	}
}

static void close_out(struct worker *worker)
{
	if (worker->out < 0)
		return;
	loop_watch(worker->workers->loop, worker->out, 0, NULL, NULL);
	close(worker->out);
	worker->out = -1;
}

static void on_answer(void *arg, int fd, short events)
{
	struct worker *worker = arg;
	struct workers *workers = worker->workers;
	char *room = buf_room(&worker->answer, PIECE);
	ssize_t n = room ? read(fd, room, PIECE) : 0;

	(void)events;
	if (n > 0) {
		worker->answer.n += (size_t)n;
		look(worker);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		close_out(worker);
		dismiss(worker);
	}
	serve(workers);
}

/* Its end */

static void tell_end(struct worker *worker)
{
	struct str line = first_line(buf_str(&worker->child.said.kept));
	int status = worker->child.wait_status;
	struct worker_job *job = worker->job;

	if (WIFSIGNALED(status))
		err_set(&job->err, "ProcessorKilled",
			"the processor was killed by signal %d%s%.*s",
			WTERMSIG(status), line.n > 0 ? ": " : "",
			STR_FMT(line));
	else
		err_set(&job->err, "ProcessorFailed",
			"the processor ended with status %d, without an "
			"answer%s%.*s", WEXITSTATUS(status),
			line.n > 0 ? ": " : "", STR_FMT(line));
	job->err.retry = true;
	finish(job, RECORD_FAILED);
}

static void count_death(struct workers *workers)
{
	if (++workers->deaths < WORKER_DEATHS)
		return;
	workers->until = loop_now(workers->loop) + workers->pause_ms;
	workers->pause_ms *= 2;
	if (workers->pause_ms > WORKER_PAUSE_MAX_MS)
		workers->pause_ms = WORKER_PAUSE_MAX_MS;
}

static void on_ended(void *arg)
{
	struct worker *worker = arg;
	struct workers *workers = worker->workers;

	/* It may have answered first; but it gets nothing more to do. */
	workers->is_running = true;
	if (worker->out >= 0 && worker->job && !worker->ends)
		on_answer(worker, worker->out, POLLIN);
	if (!worker->answered)
		count_death(workers);
	loop_timer_stop(&worker->timer);
	close_out(worker);
	worker->runs = false;
	if (worker->job)
		tell_end(worker);
	child_free(&worker->child);
	workers->is_running = false;
	serve(workers);
}

/* Asking */

static void on_late(void *arg)
{
	struct worker *worker = arg;
	struct workers *workers = worker->workers;
	struct worker_job *job = worker->job;

	dismiss(worker);
	err_set(&job->err, "ProcessorTimeout",
		"the processor was ended after %llu s without an answer",
		workers->options->limits.seconds);
	job->err.retry = true;
	finish(job, RECORD_FAILED);
	serve(workers);
}

/* The line and its newline, piece by piece; who reads no more has to go. */
static void send_line(void *arg)
{
	struct worker *worker = arg;
	struct worker_job *job = worker->job;
	int status = 0;

	while (job && status == 0 && job->sent <= job->record->line.n) {
		size_t n = job->record->line.n - job->sent;
		const char *piece = job->record->line.p + job->sent;

		if (n == 0)
			piece = "\n";
		n = n == 0 ? 1 : n < PIECE ? n : PIECE;
		status = child_write(&worker->child, piece, n);
		if (status == 0)
			job->sent += n;
	}
	if (status < 0)
		dismiss(worker);
}

static void give(struct worker *worker, struct worker_job *job)
{
	struct workers *workers = worker->workers;
	unsigned long long seconds = workers->options->limits.seconds;

	worker->job = job;
	job->worker = worker;
	job->started = loop_now(workers->loop);
	buf_reset(&worker->answer);
	buf_reset(&worker->child.said.kept);
	if (seconds > 0)
		loop_timer_set(workers->loop, &worker->timer, seconds * 1000,
			       on_late, worker);
	send_line(worker);
}

static int start(struct worker *worker, struct err *err)
{
	static const char *const nothing[] = { NULL };
	struct workers *workers = worker->workers;
	const struct processor_options *options = workers->options;
	struct child_plan plan = {
		.command = options->worker,
		.environment = nothing,
		.with_credentials = options->with_credentials,
		.limits = options->limits,
		.in = -1,
	};
	int ends[2], status;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, "cannot start %s", options->worker);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	worker->out = ends[0];
	plan.out = ends[1];
	plan.limits.seconds = 0;
	child_init(&worker->child);
	worker->child.ended = on_ended;
	worker->child.ready = send_line;
	worker->child.arg = worker;
	status = loop_watch(workers->loop, worker->out, POLLIN, on_answer,
			    worker) < 0 ?
		err_set(err, "OutOfMemory", "out of memory") :
		child_start(&worker->child, workers->loop, &plan, err);
	close(ends[1]);
	if (status < 0) {
		close_out(worker);
		return -1;
	}
	worker->runs = true;
	worker->ends = worker->answered = false;
	return 0;
}

/* An idle one, or one that can be started, or NULL. */
static struct worker *find(struct workers *workers)
{
	struct worker *found = NULL;

	for (unsigned i = 0; i < workers->count; i++) {
		struct worker *worker = &workers->list[i];

		if (worker->runs && !worker->ends && !worker->job)
			return worker;
		if (!worker->runs && !found)
			found = worker;
	}
	return found;
}

static void serve_one(struct worker *worker, struct worker_job *job)
{
	struct workers *workers = worker->workers;
	bool paused = workers->deaths >= WORKER_DEATHS &&
		      loop_now(workers->loop) < workers->until;

	if (!worker->runs && paused) {
		fail(job, "ProcessorFailed", "the processor ended several "
		     "times without an answer and is not started for a while");
	} else if (!worker->runs && start(worker, &job->err) < 0) {
		job->err.retry = true;
		finish(job, RECORD_FAILED);
	} else {
		give(worker, job);
	}
}

/* Those that wait get the workers that are free; done may ask again. */
static void serve(struct workers *workers)
{
	struct worker *worker;

	if (workers->is_running)
		return;
	workers->is_running = true;
	while (workers->first && (worker = find(workers)) != NULL) {
		struct worker_job *job = workers->first;

		workers->first = job->next;
		if (!workers->first)
			workers->last = &workers->first;
		serve_one(worker, job);
	}
	workers->is_running = false;
}

void worker_ask(struct workers *workers, struct worker_job *job)
{
	int fd = -1;

	if (source_is_remote(job->record))
		err_set(&job->err, "NoFile", "the record has no fetch.path; "
			"s3fetch in front of s3check would give it one");
	else
		fd = source_open(job->record, &job->err);
	if (fd < 0) {
		finish(job, RECORD_FAILED);
		return;
	}
	close(fd);
	job->workers = workers;
	job->next = NULL;
	*workers->last = job;
	workers->last = &job->next;
	serve(workers);
}

static void forget_waiting(struct workers *workers, struct worker_job *job)
{
	struct worker_job **link = &workers->first;

	while (*link && *link != job)
		link = &(*link)->next;
	if (*link)
		*link = job->next;
	if (!*link)
		workers->last = link;
}

void worker_cancel(struct worker_job *job)
{
	struct worker *worker = job->worker;

	if (worker) {
		loop_timer_stop(&worker->timer);
		worker->job = NULL;
		dismiss(worker);
	} else if (job->workers) {
		forget_waiting(job->workers, job);
	}
	job->worker = NULL;
	job->workers = NULL;
}

struct workers *workers_new(struct loop *loop,
			    const struct processor_options *options,
			    unsigned count)
{
	struct workers *workers = calloc(1, sizeof(*workers));

	if (!workers)
		return NULL;
	workers->loop = loop;
	workers->options = options;
	workers->count = count;
	workers->pause_ms = WORKER_PAUSE_MS;
	workers->last = &workers->first;
	workers->list = calloc(count, sizeof(*workers->list));
	if (!workers->list) {
		free(workers);
		return NULL;
	}
	for (unsigned i = 0; i < count; i++) {
		workers->list[i].workers = workers;
		workers->list[i].out = -1;
		buf_init(&workers->list[i].answer, WORKER_ANSWER_MAX + PIECE);
	}
	return workers;
}

static bool any_runs(const struct workers *workers)
{
	for (unsigned i = 0; i < workers->count; i++)
		if (workers->list[i].runs)
			return true;
	return false;
}

static void on_grace_over(void *arg)
{
	dismiss(arg);
}

void workers_free(struct workers *workers)
{
	if (!workers)
		return;
	for (unsigned i = 0; i < workers->count; i++) {
		struct worker *worker = &workers->list[i];

		if (!worker->runs || worker->ends)
			continue;
		child_end_input(&worker->child);
		loop_timer_set(workers->loop, &worker->timer, CHILD_GRACE_MS,
			       on_grace_over, worker);
	}
	while (any_runs(workers) && loop_turn(workers->loop) == 0)
		;
	for (unsigned i = 0; i < workers->count; i++) {
		if (workers->list[i].runs)
			child_free(&workers->list[i].child);
		buf_free(&workers->list[i].answer);
	}
	free(workers->list);
	free(workers);
}
