/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TICK_MS = 250, LINE_SIZE = 160 };

static const char erase[] = "\r\033[K";

/* A terminal that is gone is no reason to stop. */
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

static void draw(struct progress *progress, unsigned long long per_second,
		 const char *end)
{
	const struct stats *stats = &progress->stats;
	char line[LINE_SIZE];

	snprintf(line, sizeof(line),
		 "%s%s: %llu done: %llu good, %llu bad, %llu gone, "
		 "%llu failed; %llu/s%s", erase, progress->name,
		 stats_done(stats), stats->out[RECORD_GOOD],
		 stats->out[RECORD_BAD], stats->out[RECORD_GONE],
		 stats->out[RECORD_FAILED], per_second, end);
	put(progress, line);
	progress->is_shown = true;
}

static void on_tick(void *arg)
{
	struct progress *progress = arg;

	progress->ticks++;
	progress->samples[progress->ticks % PROGRESS_SAMPLES] =
		stats_done(&progress->stats);
	draw(progress, rate(progress), "");
	loop_timer_set(progress->loop, &progress->timer, TICK_MS, on_tick,
		       progress);
}

void progress_init(struct progress *progress)
{
	memset(progress, 0, sizeof(*progress));
	stats_init(&progress->stats);
}

void progress_show(struct progress *progress, struct loop *loop, int fd,
		   const char *name)
{
	if (!isatty(fd))
		return;
	progress->loop = loop;
	progress->fd = fd;
	progress->name = name;
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
	uint64_t us = stats_clock() - progress->stats.started;

	if (!progress->loop)
		return;
	loop_timer_stop(&progress->timer);
	draw(progress, stats_done(&progress->stats) * 1000000 / (us + 1), "\n");
	progress->loop = NULL;
	progress->is_shown = false;
}
