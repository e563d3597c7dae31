/* SPDX-License-Identifier: Apache-2.0 */
#include "processor/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "fetch/object_reader.h"
#include "processor/child.h"
#include "processor/said.h"
#include "processor/verdict.h"

enum { PIECE = 64 << 10 };

/* See the picture in worker.h. */
enum worker_state { WORKER_GONE, WORKER_IDLE, WORKER_ASKED, WORKER_ENDING };

struct worker {
	struct workers *workers;
	enum worker_state state;
	struct child child;
	struct worker_job *job;		/* ASKED, and ENDING until it is failed */
	struct loop_timer timer;	/* of the job */
	struct buf answer;		/* so far */
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
	struct err misfit;		/* it is set up wrongly, if set */
	bool is_running;		/* serve() is: it is not entered twice */
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
		if (worker->state == WORKER_ASKED)
			worker->state = WORKER_IDLE;
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
	if (worker->state != WORKER_ENDING)
		child_end(&worker->child);
	worker->state = WORKER_ENDING;
}

/* What it says */

/* Before the answer comes what it has said to it, but maybe in another pipe. */
static void keep_said(struct worker *worker)
{
	struct str said;

	child_listen(&worker->child);
	said = str_trim(buf_str(&worker->child.said.kept), "\r\n");
	if (said.n > 0)
		worker->job->said = arena_dup(worker->job->arena, said);
}

static void take_answer(struct worker *worker, struct str line)
{
	struct worker_job *job = worker->job;
	enum record_outcome outcome;

	worker->answered = true;
	worker->workers->deaths = 0;
	worker->workers->pause_ms = WORKER_PAUSE_MS;
	outcome = verdict_read(line, job->record->id, job->arena, &job->bad,
			      &job->err);
	if (outcome == RECORD_FAILED &&
	    err_is(&job->err, ERR_ANSWER))
		dismiss(worker);
	if (outcome == RECORD_FAILED)
		keep_said(worker);
	finish(job, outcome);
}

/* It says something before it has the question, whose rest is still to come. */
static bool is_early(const struct worker *worker)
{
	const struct worker_job *job = worker->job;

	return job && (job->sent <= job->record->line.n ||
		       child_is_busy(&worker->child));
}

/* A worker that says more than one answer, or speaks unasked, is dismissed. */
static void look(struct worker *worker)
{
	struct str said = buf_str(&worker->answer);
	const char *end = said.n > 0 ? memchr(said.p, '\n', said.n) : NULL;

	if (said.n == 0 || worker->state == WORKER_ENDING)
		return;
	if (!worker->job || is_early(worker) ||
	    (end && end + 1 < said.p + said.n) ||
	    (!end && said.n >= WORKER_ANSWER_MAX))
		dismiss(worker);
	if (!worker->job)
		return;
	if (is_early(worker)) {
		fail(worker->job, ERR_ANSWER, "the processor answered before "
		     "it had the whole record");
	} else if (end) {
		said.n = (size_t)(end - said.p);
		take_answer(worker, said);
		buf_reset(&worker->answer);
	} else if (worker->state == WORKER_ENDING) {
		fail(worker->job, ERR_ANSWER,
		     "the processor's answer is too long");
	}
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
		loop_close(workers->loop, &worker->child.out);
		dismiss(worker);
	}
	serve(workers);
}

/* Its end */

static bool is_misfit(const struct worker *worker)
{
	int status = worker->child.wait_status;

	return !worker->answered && WIFEXITED(status) &&
	       WEXITSTATUS(status) == EX_CONFIG;
}

static void tell_misfit(struct worker *worker, struct str line)
{
	struct err *misfit = &worker->workers->misfit;

	err_set(misfit, ERR_PROCESSOR_CONFIG, "the processor is set up wrongly "
		"(status %d)%s%.*s", EX_CONFIG, line.n > 0 ? ": " : "",
		STR_FMT(line));
	misfit->retry = true;
	worker->job->err = *misfit;
}

static void tell_end(struct worker *worker)
{
	struct str line = said_last(buf_str(&worker->child.said.last));
	int status = worker->child.wait_status;
	struct worker_job *job = worker->job;

	keep_said(worker);
	if (str_eq(job->said, line))
		job->said = STR_NONE;
	if (is_misfit(worker)) {
		tell_misfit(worker, line);
		finish(job, RECORD_FAILED);
		return;
	}
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

	/* It may have answered before its end, but it gets no other question. */
	workers->is_running = true;
	if (worker->child.out >= 0 && worker->state == WORKER_ASKED)
		on_answer(worker, worker->child.out, POLLIN);
	if (!worker->answered)
		count_death(workers);
	loop_timer_stop(&worker->timer);
	loop_close(workers->loop, &worker->child.out);
	worker->state = WORKER_GONE;
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

/* Send the line and its newline, piece by piece, as the worker takes them. */
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

	worker->state = WORKER_ASKED;
	worker->job = job;
	job->worker = worker;
	job->started = loop_now(workers->loop);
	buf_reset(&worker->answer);
	buf_reset(&worker->child.said.kept);
	buf_reset(&worker->child.said.last);
	if (seconds > 0)
		loop_timer_set(workers->loop, &worker->timer, seconds * 1000,
			       on_late, worker);
	send_line(worker);
}

/* The directory of a file, which has those of other records as well. */
static struct str directory_of(struct str path)
{
	while (path.n > 1 && path.p[path.n - 1] != '/')
		path.n--;
	return path.n > 0 && path.p[path.n - 1] == '/' ? path : STR(".");
}

/* The path is that of the file that it is first asked about. */
static int start(struct worker *worker, struct str path, struct err *err)
{
	static const char *const nothing[] = { NULL };
	struct workers *workers = worker->workers;
	const struct processor_options *options = workers->options;
	struct child_plan plan = {
		.command = options->worker,
		.environment = nothing,
		.common = &options->common,
		.passes = processor_option_passes(options),
		.readable = directory_of(path),
		.limits.process = options->limits.process,
		.in = -1,
		.has_out = true,
	};

	child_init(&worker->child);
	worker->child.ended = on_ended;
	worker->child.ready = send_line;
	worker->child.arg = worker;
	if (child_start(&worker->child, workers->loop, &plan, err) < 0)
		return -1;
	if (loop_watch(workers->loop, worker->child.out, POLLIN, on_answer,
		       worker) < 0) {
		child_free(&worker->child);
		return err_memory(err);
	}
	worker->state = WORKER_IDLE;
	worker->answered = false;
	return 0;
}

/* An idle one, or one that can be started, or NULL. */
static struct worker *find(struct workers *workers)
{
	struct worker *found = NULL;

	for (unsigned i = 0; i < workers->count; i++) {
		struct worker *worker = &workers->list[i];

		if (worker->state == WORKER_IDLE)
			return worker;
		if (worker->state == WORKER_GONE && !found)
			found = worker;
	}
	return found;
}

static void serve_one(struct worker *worker, struct worker_job *job)
{
	struct workers *workers = worker->workers;
	bool is_gone = worker->state == WORKER_GONE;
	bool paused = workers->deaths >= WORKER_DEATHS &&
		      loop_now(workers->loop) < workers->until;

	if (is_gone && err_is_set(&workers->misfit)) {
		job->err = workers->misfit;
		finish(job, RECORD_FAILED);
	} else if (is_gone && paused) {
		fail(job, "ProcessorFailed", "the processor ended several "
		     "times without an answer and is not started for a while");
	} else if (is_gone && start(worker, job->record->fetch_path,
				    &job->err) < 0) {
		job->err.retry = true;
		finish(job, RECORD_FAILED);
	} else {
		give(worker, job);
	}
}

/* Give waiting questions to free workers; done() may ask another. */
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

	if (object_reader_is_remote(job->record))
		err_set(&job->err, "NoFile", "the record has no fetch.path; "
			"s3fetch in front of s3check would give it one");
	else
		fd = object_reader_open(job->record, &job->err);
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
		child_init(&workers->list[i].child);
		buf_init(&workers->list[i].answer, WORKER_ANSWER_MAX + PIECE);
	}
	return workers;
}

static bool any_runs(const struct workers *workers)
{
	for (unsigned i = 0; i < workers->count; i++)
		if (workers->list[i].state != WORKER_GONE)
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

		if (worker->state == WORKER_GONE ||
		    worker->state == WORKER_ENDING)
			continue;
		child_end_input(&worker->child);
		loop_timer_set(workers->loop, &worker->timer, CHILD_GRACE_MS,
			       on_grace_over, worker);
	}
	while (any_runs(workers) && loop_turn(workers->loop) == 0)
		;
	for (unsigned i = 0; i < workers->count; i++) {
		if (workers->list[i].state != WORKER_GONE)
			child_free(&workers->list[i].child);
		buf_free(&workers->list[i].answer);
	}
	free(workers->list);
	free(workers);
}
