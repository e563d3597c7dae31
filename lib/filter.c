/* SPDX-License-Identifier: Apache-2.0 */
#include "filter.h"

#include <sysexits.h>

struct aws *filter_aws(struct filter *filter, struct err *err)
{
	const struct flow_filter *flow = filter->flow;

	if (filter->aws)
		return filter->aws;
	filter->aws = aws_new(filter->loop, flow->report, flow->ctx, err);
	if (filter->aws)
		aws_pace(filter->aws, filter->options->jobs,
			 filter->options->verbose ? flow->report : NULL,
			 flow->ctx);
	return filter->aws;
}

int filter_run(struct filter *filter, const struct flow_filter *flow,
	       const struct flow_options *options)
{
	struct err err;
	int status;

	filter->flow = flow;
	filter->options = options;
	filter->aws = NULL;
	filter->loop = loop_new();
	if (!filter->loop) {
		flow->report(flow->ctx, "out of memory");
		return EX_OSERR;
	}
	if (!filter->lazy && !filter_aws(filter, &err)) {
		flow->report(flow->ctx, err.message);
		status = EX_CONFIG;
	} else {
		status = flow_run(filter->loop, flow, options);
	}
	aws_free(filter->aws);
	loop_free(filter->loop);
	return status;
}
