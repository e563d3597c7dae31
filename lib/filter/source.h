/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source: the run of a tool that reads no records and writes many.
 *
 * What flow.h is for a filter: it opens the loop and AWS, counts, and writes
 * lines to stdout as fast as its reader takes them.  The tool appends lines to
 * out.buf, calls source_write(), and asks for no more while source_has_room() is
 * false; go_on is called when there is room again.
 */
#ifndef S3EV_SOURCE_H
#define S3EV_SOURCE_H

#include <stdbool.h>

#include "aws/aws.h"
#include "base/err.h"
#include "filter/flow.h"
#include "filter/progress.h"
#include "filter/stats_file.h"
#include "io/loop.h"
#include "io/output.h"

enum { SOURCE_FULL = 256 << 10 };	/* bytes that wait for the reader */

struct source {
	/* Set by the caller. */
	const char *name;		/* of the tool */
	size_t most;			/* bytes that one answer may add */
	void (*go_on)(void *ctx);	/* there is room again */
	void *ctx;
	struct flow_options flow;	/* jobs, verbose, progress, stats */
	bool needs_no_aws;		/* reads only what is here */

	struct loop *loop;		/* owned */
	struct aws *aws;		/* owned; NULL if it is not needed */
	struct output out;
	struct progress counts;
	struct stats_file stats_file;
	int status;			/* to end with */
	bool is_broken;			/* nobody reads stdout: give up */
};

/* EX_OK, or the status to end with at once; the reason was reported. */
int source_open(struct source *source);

/* A line on stderr, with the tool's name before it. */
void source_say(struct source *source, const char *line);

/* End with this status, or with a worse one, by the list of s3ev(7). */
void source_note(struct source *source, int status);

/* What an error of a service ends with. */
int source_status(const struct err *err);

void source_write(struct source *source);
bool source_has_room(const struct source *source);

/* Turn the loop until this is true and everything is out. */
void source_run(struct source *source, bool (*is_over)(void *ctx));

/* Close stdout, write the statistics, free everything, return the status. */
int source_close(struct source *source);

#endif
