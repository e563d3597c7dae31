/* SPDX-License-Identifier: Apache-2.0 */
#include "filter.h"

#include <sysexits.h>
#include <unistd.h>

static void say(void *arg, const char *line)
{
	struct filter *filter = arg;

	progress_clear(&filter->progress);
	filter->flow->report(filter->flow->ctx, line);
}

struct aws *filter_aws(struct filter *filter, struct err *err)
{
	if (filter->aws)
		return filter->aws;
	filter->aws = aws_new(filter->loop, say, filter, err);
	if (filter->aws)
		aws_pace(filter->aws, filter->requests > 0 ? filter->requests :
			 filter->options.jobs,
			 filter->options.verbose ? say : NULL, filter);
	return filter->aws;
}

/* A file that cannot be written is told before there is anything to lose. */
static int open_stats(struct filter *filter)
{
	struct err err;

	filter->stats_fd = -1;
	if (!filter->options.stats)
		return 0;
	filter->stats_fd = stats_open(filter->options.stats, &err);
	if (filter->stats_fd >= 0)
		return 0;
	say(filter, err.message);
	return -1;
}

static int write_stats(struct filter *filter, int status)
{
	struct stats *stats = &filter->progress.stats;
	struct err err;

	if (filter->stats_fd < 0)
		return status;
	if (filter->aws)
		aws_count(filter->aws, stats);
	if (stats_write(filter->stats_fd, filter->flow->name, stats, status,
			&err) == 0)
		return status;
	say(filter, err.message);
	return status == EX_OK ? EX_IOERR : status;
}

static int run(struct filter *filter)
{
	const struct flow_filter *flow = filter->flow;
	struct err err;
	int status;

	if (!filter->lazy && !filter_aws(filter, &err)) {
		say(filter, err.message);
		return EX_CONFIG;
	}
	status = filter->prepare ? filter->prepare(filter) : EX_OK;
	if (status != EX_OK)
		return status;
	if (filter->options.progress)
		progress_show(&filter->progress, filter->loop, STDERR_FILENO,
			      flow->name);
	status = flow_run(filter->loop, flow, &filter->options,
			  &filter->progress);
	progress_end(&filter->progress);
	if (filter->finish)
		filter->finish(filter);
	return status;
}

int filter_run(struct filter *filter, const struct flow_filter *flow,
	       const struct flow_options *options)
{
	int status;

	filter->flow = flow;
	filter->options = *options;
	filter->options.columns |= options->verbose && isatty(STDERR_FILENO);
	filter->aws = NULL;
	progress_init(&filter->progress);
	filter->loop = loop_new();
	if (!filter->loop) {
		say(filter, "out of memory");
		return EX_OSERR;
	}
	status = open_stats(filter) < 0 ? EX_IOERR : run(filter);
	status = write_stats(filter, status);
	aws_free(filter->aws);
	loop_free(filter->loop);
	return status;
}
