/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter: a tool's run from its options to its exit status.
 *
 * It opens the loop and, for those that use it, AWS, runs the flow, and tells
 * of it: --progress, --stats.
 */
#ifndef S3EV_FILTER_H
#define S3EV_FILTER_H

#include <stdbool.h>

#include "aws.h"
#include "err.h"
#include "flow.h"
#include "loop.h"
#include "progress.h"

struct filter {
	/* Set by the caller. */
	bool lazy;		/* no AWS before filter_aws() asks for it */
	unsigned requests;	/* to AWS at once; 0: as many as jobs */

	/*
	 * Called with AWS open and before anything is read, unless it is NULL;
	 * what is not EX_OK, and has been reported, becomes the exit status.
	 */
	int (*prepare)(struct filter *filter);

	/* Called after that, when all is written, unless it is NULL. */
	void (*finish)(struct filter *filter);

	/* There while the flow runs; aws may be NULL if it is lazy. */
	struct loop *loop;
	struct aws *aws;

	const struct flow_filter *flow;		/* private from here on */
	struct flow_options options;
	struct progress progress;
	int stats_fd;		/* -1: none */
};

/*
 * Returns what flow_run() does, EX_CONFIG if AWS cannot be used, or EX_IOERR
 * if the file of --stats cannot be written.
 */
int filter_run(struct filter *filter, const struct flow_filter *flow,
	       const struct flow_options *options);

/*
 * AWS, opened now if it is not yet: NULL with err if it cannot be used, which
 * makes the exit status EX_CONFIG: see flow_status().
 */
struct aws *filter_aws(struct filter *filter, struct err *err);

#endif
