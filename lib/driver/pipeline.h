/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline: a command that is kept running inside a loop, with pipes to its
 * stdin and from its stdout and stderr.
 *
 * The command has a process group of its own, our environment and none of our
 * other descriptors.  It is given lines, and the lines that it writes to stdout
 * and stderr are handed out as they come.  The caller ignores SIGPIPE; the
 * command gets the default.
 */
#ifndef S3EV_PIPELINE_H
#define S3EV_PIPELINE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "io/lines.h"
#include "io/loop.h"
#include "io/output.h"

enum { PIPELINE_LINE_MAX = 2 << 20, PIPELINE_INPUT_MAX = 64 << 20 };

struct pipeline {
	/* A line of stdout or of stderr, borrowed for the time of the call. */
	void (*line)(void *ctx, struct str line);
	void (*said)(void *ctx, struct str line);
	void (*ended)(void *ctx);	/* it runs no more */
	void *ctx;
	int lock;		/* borrowed; its processes hold it as long as they
				 * live, which may be longer than we do.  -1: none */

	bool running;		/* false when the last line was handed out */
	int wait_status;	/* as of wait(2), when it runs no more */

	struct loop *loop;	/* private from here on */
	pid_t pid;
	int in, out, err;	/* our ends of the pipes, or -1 */
	struct output input;
	struct lines lines, errors;
	bool end_input;
};

void pipeline_init(struct pipeline *pipeline, struct loop *loop);

/*
 * Run argv, found by PATH.  The pipeline must not be running.  A command that
 * cannot be executed says so on its stderr and ends with status 126 or 127,
 * see spawn.h.  -1 with err if it cannot be started.
 */
int pipeline_start(struct pipeline *pipeline, char *const *argv,
		   struct err *err);

/*
 * Send what the caller has appended to pipeline->input.buf.  It is dropped if
 * the command reads no more.  -1 if memory is out, or if more than
 * PIPELINE_INPUT_MAX bytes wait.
 */
int pipeline_send(struct pipeline *pipeline);

/* There is no more input. */
void pipeline_end_input(struct pipeline *pipeline);

/* Hand out what it has written to stderr so far, a MiB at most. */
void pipeline_hear(struct pipeline *pipeline);

/*
 * Kill its process group; running stays true until its end is seen.  A command
 * that closes its stdout while its input is open is killed too, since it can
 * answer no more.
 */
void pipeline_kill(struct pipeline *pipeline);

/* Append how it ended: "status 3", "signal 9 (Killed)". */
void pipeline_put_end(struct buf *out, const struct pipeline *pipeline);

/* Kill what runs, and free everything. */
void pipeline_free(struct pipeline *pipeline);

#endif
