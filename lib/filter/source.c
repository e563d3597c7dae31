/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/source.h"

#include <poll.h>
#include <sysexits.h>
#include <unistd.h>

#include "filter/filter.h"
#include "filter/say.h"

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

static struct stats stats_now(void *ctx)
{
	const struct source *source = ctx;
	struct stats stats = source->counts.stats;
	struct aws_counts counts = { .requests = 0 };

	if (source->aws)
		counts = aws_counts(source->aws);
	stats.requests = counts.requests;
	stats.retries = counts.retries;
	stats.throttles = counts.throttles;
	return stats;
}

static void write_stats(struct source *source, int status)
{
	struct err err;

	if (stats_file_end(&source->stats_file, status, &err) == 0)
		return;
	source_say(source, err.message);
	source_note(source, EX_IOERR);
}

static void on_signal(void *arg, int signal)
{
	struct source *source = arg;

	progress_end(&source->counts);
	write_stats(source, 128 + signal); /* as shells have it */
	loop_die(source->loop, signal);
}

/*
 * Open the file of --stats before any work is done that could be lost.  Without
 * it a signal ends us at once.
 */
static int open_stats(struct source *source)
{
	struct err err;

	source->stats_file = (struct stats_file){
		.filter = source->name, .now = stats_now, .ctx = source,
	};
	if (stats_file_open(&source->stats_file, source->flow.stats,
			    &err) < 0) {
		source_say(source, err.message);
		return EX_IOERR;
	}
	stats_file_tell(&source->stats_file, source->loop);
	if (source->stats_file.fd < 0 ||
	    loop_signals(source->loop, on_signal, source) == 0)
		return EX_OK;
	say_errno(source->name, "signals");
	return EX_OSERR;
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
	int status;

	progress_init(&source->counts);
	source->loop = loop_new();
	if (!source->loop) {
		source_say(source, "out of memory");
		return EX_OSERR;
	}
	status = open_stats(source);
	if (status != EX_OK) {
		loop_free(source->loop);
		return status;
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
