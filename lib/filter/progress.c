/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "filter/rows.h"

enum { TICK_MS = 250, LINE_SIZE = 160, NARROW = 24, WIDE = 60 };

static const char erase[] = "\r\033[K";

/* Errors are ignored: a terminal that is gone is no reason to stop. */
static void put(const struct progress *progress, const char *text)
{
	if (write(progress->fd, text, strlen(text)) < 0)
		return;
}

/* Records a second, over the last samples. */
static unsigned long long rate(const struct progress *progress)
{
	unsigned now = progress->ticks % PROGRESS_SAMPLES;
	unsigned span = progress->ticks < PROGRESS_SAMPLES ?
			progress->ticks : PROGRESS_SAMPLES - 1;
	unsigned then = (progress->ticks - span) % PROGRESS_SAMPLES;

	if (span == 0)
		return 0;
	return (progress->samples[now] - progress->samples[then]) * 1000 /
	       (span * TICK_MS);
}

/* Append a piece, if it fits the line with what is there.  Was there room? */
__attribute__((format(printf, 3, 4)))
static bool add(char line[LINE_SIZE], size_t room, const char *format, ...)
{
	size_t n = strlen(line);
	va_list args;
	int added;

	va_start(args, format);
	added = vsnprintf(line + n, LINE_SIZE - n, format, args);
	va_end(args);
	if (added >= 0 && n + (size_t)added <= room)
		return true;
	line[n] = '\0';
	return false;
}

static void add_time(char line[LINE_SIZE], size_t room,
		     unsigned long long seconds, const char *what)
{
	if (seconds >= 3600)
		add(line, room, ", %llu:%02llu:%02llu%s", seconds / 3600,
		    seconds / 60 % 60, seconds % 60, what);
	else
		add(line, room, ", %llu:%02llu%s", seconds / 60, seconds % 60,
		    what);
}

static void add_outcomes(char line[LINE_SIZE], size_t room,
			 const struct stats *stats)
{
	static const enum record_outcome order[] = {
		RECORD_FAILED, RECORD_BAD, RECORD_GONE, RECORD_GOOD
	};
	const char *comma = ";";

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		if (stats->out[order[i]] > 0 &&
		    add(line, room, "%s %llu %s", comma, stats->out[order[i]],
			record_outcome_name(order[i])))
			comma = ",";
}

/* More may come than were told. */
static bool knows_total(const struct progress *progress)
{
	return progress->total > 0 &&
	       progress->stats.in <= progress->total;
}

/* The share that is done, from 0 to 1; less than 0: not known. */
static double share(const struct progress *progress)
{
	const struct stats *stats = &progress->stats;

	if (knows_total(progress))
		return (double)stats_done(stats) / (double)progress->total;
	/* A file may grow meanwhile. */
	if (progress->size < progress->taken || progress->taken == 0 ||
	    stats->in == 0)
		return -1;
	return (double)progress->taken / (double)progress->size *
	       (double)stats_done(stats) / (double)stats->in;
}

static double seconds_since(uint64_t us)
{
	return (double)(clock_us() - us) / 1e6;
}

static void add_share(char line[LINE_SIZE], size_t room,
		      const struct progress *progress)
{
	double done = share(progress), took = seconds_since(progress->since);
	unsigned long long n = stats_done(&progress->stats);
	unsigned long long timed = n - progress->before;

	if (done > 0 && room >= WIDE)
		add(line, room, knows_total(progress) ? " of %.0f" : " of ~%.0f",
		    (double)n / done);
	add(line, room, " record%s", n == 1 ? "" : "s");
	if (done < 0)
		return;
	add(line, room, ", %.0f %%", 100 * done);
	if (done > 0 && timed > 0 && took >= 1)
		add_time(line, room, (unsigned long long)
			 (took / (double)timed * (double)n / done * (1 - done) +
			  0.5), " left");
}

static void draw(struct progress *progress, unsigned long long per_second,
		 bool is_end)
{
	const struct stats *stats = &progress->stats;
	int width = rows_width(progress->fd) - 1; /* the last would wrap */
	size_t room = width < 1 ? 1 : width < LINE_SIZE - 8 ? (size_t)width :
							    LINE_SIZE - 8;
	char line[LINE_SIZE] = "", text[LINE_SIZE + sizeof(erase) + 1];

	if (room >= NARROW)
		add(line, room, "%s: ", progress->name);
	add(line, room, "%llu", stats_done(stats));
	if (!is_end) {
		add_share(line, room, progress);
	} else {
		add(line, room, " record%s", stats_done(stats) == 1 ? "" : "s");
		add_time(line, room,
			 (unsigned long long)
			 seconds_since(progress->stats.started), "");
	}
	add_outcomes(line, room, stats);
	add(line, room, "; %llu/s", per_second);
	snprintf(text, sizeof(text), "%s%s%s", erase, line,
		 is_end ? "\n" : "");
	put(progress, text);
	progress->is_shown = true;
}

static void on_tick(void *arg)
{
	struct progress *progress = arg;

	progress->ticks++;
	progress->samples[progress->ticks % PROGRESS_SAMPLES] =
		stats_done(&progress->stats);
	draw(progress, rate(progress), false);
	loop_timer_set(progress->loop, &progress->timer, TICK_MS, on_tick,
		       progress);
}

void progress_init(struct progress *progress)
{
	memset(progress, 0, sizeof(*progress));
	stats_init(&progress->stats);
	progress->since = progress->stats.started;
}

/* A file may have been read by others before us. */
static void learn_size(struct progress *progress)
{
	struct stat status;
	off_t at;

	if (fstat(STDIN_FILENO, &status) < 0 || !S_ISREG(status.st_mode))
		return;
	at = lseek(STDIN_FILENO, 0, SEEK_CUR);
	if (at >= 0 && at < status.st_size)
		progress->size = (unsigned long long)(status.st_size - at);
}

void progress_took(struct progress *progress, size_t bytes)
{
	progress->taken += bytes;
}

void progress_expect(struct progress *progress, unsigned long long records)
{
	progress->total = progress->stats.in + records;
	progress->before = stats_done(&progress->stats);
	progress->since = clock_us();
}

void progress_show(struct progress *progress, struct loop *loop, int fd,
		   const char *name)
{
	if (!isatty(fd))
		return;
	progress->loop = loop;
	progress->fd = fd;
	progress->name = name;
	learn_size(progress);
	loop_timer_set(loop, &progress->timer, TICK_MS, on_tick, progress);
}

void progress_clear(struct progress *progress)
{
	if (!progress->is_shown)
		return;
	put(progress, erase);
	progress->is_shown = false;
}

void progress_end(struct progress *progress)
{
	uint64_t us = clock_us() - progress->stats.started;

	if (!progress->loop)
		return;
	loop_timer_stop(&progress->timer);
	draw(progress, stats_done(&progress->stats) * 1000000 / (us + 1), true);
	progress->loop = NULL;
	progress->is_shown = false;
}
