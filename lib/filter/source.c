/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/source.h"

#include <fcntl.h>
#include <poll.h>
#include <sysexits.h>
#include <unistd.h>

#include "filter/filter.h"
#include "filter/say.h"
#include "filter/stats.h"

void source_say(struct source *source, const char *line)
{
	progress_clear(&source->counts);
	say_line(source->name, str_of(line));
}

static void say(void *ctx, const char *line)
{
	source_say(ctx, line);
}

void source_note(struct source *source, int status)
{
	static const int order[] = { EX_OK, EX_USAGE, EX_DATAERR, EX_TEMPFAIL,
				     EX_UNAVAILABLE, EX_CONFIG, EX_OSERR,
				     EX_IOERR };

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		if (order[i] == status)
			return;
		if (order[i] == source->status)
			break;
	}
	source->status = status;
}

int source_status(const struct err *err)
{
	if (err_is(err, ERR_MEMORY))
		return EX_OSERR;
	if (err_is(err, "NoCredentials") || err_is(err, "InvalidConfig"))
		return EX_CONFIG;
	return err->retry ? EX_TEMPFAIL : EX_UNAVAILABLE;
}

/*
 * Open the file of --stats before any work is done that could be lost.  It stays
 * open: who reads a FIFO would see its end, and be gone at ours.
 */
static bool open_stats(struct source *source)
{
	struct err err;

	source->stats_fd = source->held_stdout = -1;
	if (!source->flow.stats)
		return true;
	source->stats_fd = stats_open(source->flow.stats, &err);
	if (source->stats_fd < 0)
		source_say(source, err.message);
	else
		source->held_stdout = stats_hold_stdout();
	return source->stats_fd >= 0;
}

static const struct stats *stats_now(struct source *source)
{
	struct stats *stats = &source->counts.stats;
	struct aws_counts counts = { .requests = 0 };

	if (source->aws)
		counts = aws_counts(source->aws);
	stats->requests = counts.requests;
	stats->retries = counts.retries;
	stats->throttles = counts.throttles;
	return stats;
}

/* Once, as in filter.c. */
static void write_stats(struct source *source, int status)
{
	struct err err;

	loop_timer_stop(&source->stats_timer);
	if (source->stats_fd < 0)
		return;
	if (stats_write(source->stats_fd, source->name, stats_now(source),
			status, &err) < 0) {
		source_say(source, err.message);
		source_note(source, EX_IOERR);
	}
	if (source->held_stdout >= 0)
		close(source->held_stdout);
	source->stats_fd = source->held_stdout = -1;
}

static void on_signal(void *arg, int signal)
{
	struct source *source = arg;

	progress_end(&source->counts);
	write_stats(source, 128 + signal); /* as shells have it */
	loop_die(source->loop, signal);
}

/* What cannot be told now is in the next line, too. */
static void tell(void *arg)
{
	struct source *source = arg;
	struct err ignored;

	stats_append(source->stats_fd, source->name, stats_now(source),
		     STATS_RUNNING, &ignored);
	loop_timer_set(source->loop, &source->stats_timer, STATS_TELL_MS, tell,
		       source);
}

/* As filter.c has it.  Without --stats a signal ends us at once. */
static int follow(struct source *source)
{
	if (source->stats_fd < 0)
		return 0;
	if (stats_is_fifo(source->stats_fd) &&
	    fcntl(source->stats_fd, F_SETFL, O_APPEND | O_NONBLOCK) == 0)
		loop_timer_set(source->loop, &source->stats_timer,
			       STATS_TELL_MS, tell, source);
	return loop_signals(source->loop, on_signal, source);
}

static int open_aws(struct source *source)
{
	struct err err;

	source->aws = aws_new(source->loop, NULL, say, source, &err);
	if (!source->aws) {
		source_say(source, err.message);
		return EX_CONFIG;
	}
	aws_pace(source->aws, source->flow.jobs,
		 source->flow.verbose ? say : NULL, source);
	return EX_OK;
}

bool source_has_room(const struct source *source)
{
	return !source->is_broken &&
	       output_waiting(&source->out) < SOURCE_FULL;
}

static void break_off(struct source *source, int status)
{
	source_note(source, status);
	source->is_broken = true;
}

static void on_stdout(void *ctx, int fd, short events);

static void watch_stdout(struct source *source)
{
	if (loop_watch(source->loop, STDOUT_FILENO,
		       source->is_broken ? 0 : output_events(&source->out),
		       on_stdout, source) < 0)
		break_off(source, EX_OSERR);
}

static void on_stdout(void *ctx, int fd, short events)
{
	struct source *source = ctx;

	(void)fd;
	if (output_ready(&source->out, events) < 0) {
		progress_clear(&source->counts);
		say_errno(source->name, "stdout");
		break_off(source, EX_IOERR);
	}
	watch_stdout(source);
	if (source_has_room(source))
		source->go_on(source->ctx);
}

int source_open(struct source *source)
{
	progress_init(&source->counts);
	source->loop = loop_new();
	if (!source->loop) {
		source_say(source, "out of memory");
		return EX_OSERR;
	}
	if (!open_stats(source)) {
		loop_free(source->loop);
		return EX_IOERR;
	}
	if (follow(source) < 0) {
		say_errno(source->name, "signals");
		loop_free(source->loop);
		return EX_OSERR;
	}
	if (!source->needs_no_aws && open_aws(source) != EX_OK) {
		source_note(source, EX_CONFIG);
		write_stats(source, source->status);
		loop_free(source->loop);
		return source->status;
	}
	output_init(&source->out, STDOUT_FILENO, SOURCE_FULL + source->most);
	watch_stdout(source);
	if (source->flow.progress)
		filter_progress(&source->counts, source->loop, source->name);
	return EX_OK;
}

void source_write(struct source *source)
{
	if (source->out.buf.failed && !source->is_broken) {
		source_say(source, "out of memory");
		break_off(source, EX_OSERR);
	}
	watch_stdout(source);
}

void source_run(struct source *source, bool (*is_over)(void *ctx))
{
	while (!source->is_broken &&
	       (!is_over(source->ctx) || output_waiting(&source->out) > 0))
		if (loop_turn(source->loop) < 0) {
			say_errno(source->name, "poll");
			break_off(source, EX_OSERR);
		}
}

int source_close(struct source *source)
{
	progress_end(&source->counts);
	loop_watch(source->loop, STDOUT_FILENO, 0, NULL, NULL);
	if (!source->is_broken && close(STDOUT_FILENO) < 0) {
		say_errno(source->name, "stdout");
		source_note(source, EX_IOERR);
	}
	write_stats(source, source->status);
	aws_free(source->aws);
	output_free(&source->out);
	loop_free(source->loop);
	return source->status;
}
