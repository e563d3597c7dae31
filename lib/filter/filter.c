/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/filter.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "aws/aws.h"
#include "config/config_endpoint.h"

static void say(void *arg, const char *line)
{
	struct filter *filter = arg;

	progress_clear(&filter->progress);
	filter->flow->report(filter->flow->ctx, line);
}

static struct aws *open_aws(struct filter *filter,
			    const struct config_choice *choice, struct err *err)
{
	struct aws *aws = aws_new(filter->loop, choice, say, filter, err);

	if (aws)
		aws_pace(aws, filter->requests > 0 ? filter->requests :
			 filter->options.jobs,
			 filter->options.verbose ? say : NULL, filter);
	return aws;
}

struct aws *filter_aws(struct filter *filter, struct err *err)
{
	if (!filter->aws)
		filter->aws = open_aws(filter, NULL, err);
	return filter->aws;
}

static int open_target(struct filter *filter, struct err *err)
{
	const struct config_choice *target = filter->target;
	struct err why;

	filter->target_aws = filter->aws;
	if (!config_choice_is_set(target))
		return 0;
	filter->target_aws = open_aws(filter, target, &why);
	return filter->target_aws ? 0 :
	       err_set(err, why.code, "the target: %s", why.message);
}

static void count_requests(struct stats *stats, const struct aws *aws)
{
	struct aws_counts counts = aws_counts(aws);

	stats->requests += counts.requests;
	stats->retries += counts.retries;
	stats->throttles += counts.throttles;
}

bool filter_has_target(const struct filter *filter)
{
	return filter->target_aws && filter->target_aws != filter->aws;
}

struct str filter_target_endpoint(const struct filter *filter)
{
	const struct config *target;

	if (!filter_has_target(filter))
		return STR_NONE;
	target = aws_config(filter->target_aws);
	if (config_endpoint_is_same(aws_config(filter->aws), target, CONFIG_S3))
		return STR_NONE;
	return config_endpoint_is_custom(target, CONFIG_S3) ?
	       target->endpoint[CONFIG_S3].value : STR("aws");
}

static struct stats stats_now(void *arg)
{
	const struct filter *filter = arg;
	struct stats stats = filter->progress.stats;

	if (filter->aws)
		count_requests(&stats, filter->aws);
	if (filter_has_target(filter))
		count_requests(&stats, filter->target_aws);
	return stats;
}

/* Open the file of --stats before any work is done that could be lost. */
static int open_stats(struct filter *filter)
{
	struct err err;

	filter->stats_file = (struct stats_file){
		.filter = filter->flow->name, .now = stats_now, .ctx = filter,
	};
	if (stats_file_open(&filter->stats_file, filter->options.stats,
			    &err) < 0) {
		say(filter, err.message);
		return -1;
	}
	stats_file_tell(&filter->stats_file, filter->loop);
	return 0;
}

/* A signal may end the run afterwards, while what lingers is waited for. */
static int write_stats(struct filter *filter, int status)
{
	struct err err;

	if (stats_file_end(&filter->stats_file, status, &err) == 0)
		return status;
	say(filter, err.message);
	/* A fault of the run itself says more than one of its statistics. */
	return status == EX_OK ? EX_IOERR : status;
}

static void on_signal(void *arg, int signal)
{
	struct filter *filter = arg;

	progress_end(&filter->progress);
	if (filter->stopped)
		filter->stopped(filter);
	write_stats(filter, 128 + signal); /* as shells have it */
	loop_die(filter->loop, signal);
}

/* Without anything to say at the end, a signal ends us at once. */
static int hold_signals(struct filter *filter)
{
	if (filter->stats_file.fd < 0 && !filter->options.progress &&
	    !filter->stopped)
		return 0;
	if (loop_signals(filter->loop, on_signal, filter) == 0)
		return 0;
	say(filter, strerror(errno));
	return -1;
}

void filter_progress(struct progress *progress, struct loop *loop,
		     const char *name)
{
	progress_show(progress, loop, STDERR_FILENO, name);
}

static int run(struct filter *filter)
{
	const struct flow_work *flow = filter->flow;
	struct err err;
	int status;

	if (!filter->lazy && (!filter_aws(filter, &err) ||
			      open_target(filter, &err) < 0)) {
		say(filter, err.message);
		return EX_CONFIG;
	}
	status = filter->prepare ? filter->prepare(filter) : EX_OK;
	if (status != EX_OK)
		return status;
	if (filter->options.progress)
		filter_progress(&filter->progress, filter->loop, flow->name);
	status = flow_run(filter->loop, flow, &filter->options,
			  &filter->progress);
	progress_end(&filter->progress);
	if (filter->finish)
		filter->finish(filter);
	return status;
}

int filter_run(struct filter *filter, const struct flow_work *flow,
	       const struct flow_options *options)
{
	int status;

	filter->flow = flow;
	filter->options = *options;
	filter->options.terminal = isatty(STDERR_FILENO) ? STDERR_FILENO : -1;
	filter->options.columns |= options->verbose &&
				   filter->options.terminal >= 0;
	filter->aws = filter->target_aws = NULL;
	progress_init(&filter->progress);
	filter->loop = loop_new();
	if (!filter->loop) {
		say(filter, "out of memory");
		return EX_OSERR;
	}
	status = open_stats(filter) < 0 ? EX_IOERR :
		 hold_signals(filter) < 0 ? EX_OSERR : run(filter);
	status = write_stats(filter, status);
	if (filter_has_target(filter))
		aws_free(filter->target_aws);
	aws_free(filter->aws);
	loop_free(filter->loop);
	return status;
}
