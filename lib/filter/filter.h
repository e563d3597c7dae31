/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter: a tool's run from its options to its exit status.
 *
 * The room filter is the engine that every filter runs on.  A tool reads its
 * command line with options.h, describes its work as in flow.h, and calls
 * filter_run().  That opens the loop and, if the tool uses it, AWS; runs the
 * flow; and writes what --progress and --stats ask for.  It frees both at the
 * end, so a struct filter needs no cleaning up.
 */
#ifndef S3EV_FILTER_H
#define S3EV_FILTER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "filter/flow.h"
#include "filter/progress.h"
#include "filter/stats_file.h"
#include "io/loop.h"

struct aws;
struct config_choice;

struct filter {
	/* Set by the caller. */
	bool lazy;		/* no AWS before filter_aws() asks for it */
	unsigned requests;	/* to AWS at once; 0: as many as jobs */
	const struct config_choice *target;	/* NULL, or see target_option.h */

	/*
	 * Called before anything is read, with AWS open unless it is lazy.  A
	 * result other than EX_OK ends the run with this exit status; prepare
	 * has then reported why.  May be NULL.
	 */
	int (*prepare)(struct filter *filter);

	/* Called when all is written, if prepare succeeded.  May be NULL. */
	void (*finish)(struct filter *filter);

	/*
	 * Called when HUP, INT or TERM ends the run, before finish could be.
	 * May be NULL.  The filter then ends by that signal, after the line of
	 * --stats.
	 */
	void (*stopped)(struct filter *filter);

	/* Owned; valid while the flow runs.  aws may be NULL if it is lazy. */
	struct loop *loop;
	struct aws *aws;
	struct aws *target_aws;	/* the same, unless there is a target; not if
				 * it is lazy */

	struct flow_options options;	/* as filter_run() got them */
	const struct flow_work *flow;	/* that too; its ctx is the tool's own */

	struct progress progress;	/* private from here on */
	struct stats_file stats_file;
};

/*
 * Returns what flow_run() does, EX_CONFIG if AWS cannot be used, or EX_IOERR
 * if the file of --stats cannot be written.
 */
int filter_run(struct filter *filter, const struct flow_work *flow,
	       const struct flow_options *options);

/*
 * AWS, which is opened now if it is not open yet.  Returns NULL with err if it
 * cannot be used; the caller then sets EX_CONFIG with flow_status().
 */
struct aws *filter_aws(struct filter *filter, struct err *err);

/* Show progress on stderr: for tools that do not run on flow.h. */
void filter_progress(struct progress *progress, struct loop *loop,
		     const char *name);

/* Is there a client of its own for the target? */
bool filter_has_target(const struct filter *filter);

/*
 * The endpoint of S3 there, "aws" for AWS's own; absent if it is the same as
 * that of the environment.  Borrowed from the client.
 */
struct str filter_target_endpoint(const struct filter *filter);

#endif
