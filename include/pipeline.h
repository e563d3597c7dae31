/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline: a command that is kept running, inside a loop, with all three ends
 * in our hands.
 *
 * It has a process group of its own, our environment and none of our other
 * descriptors.  Lines go in; lines of its stdout and stderr are handed out as
 * they come.  SIGPIPE must be ignored by whoever uses this; the command gets
 * the default.
 */
#ifndef S3EV_PIPELINE_H
#define S3EV_PIPELINE_H

#include <stdbool.h>
#include <sys/types.h>

#include "err.h"
#include "lines.h"
#include "loop.h"
#include "output.h"
#include "str.h"

enum { PIPELINE_LINE_MAX = 2 << 20, PIPELINE_INPUT_MAX = 64 << 20 };

struct pipeline {
	/* A line of stdout or of stderr, borrowed for the time of the call. */
	void (*line)(void *ctx, struct str line);
	void (*said)(void *ctx, struct str line);
	void *ctx;

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
 * Run argv, found by PATH.  It must not be running.  What cannot be executed
 * says so on its stderr and ends with status 126 or 127, as in a shell.
 */
int pipeline_start(struct pipeline *pipeline, char *const *argv,
		   struct err *err);

/*
 * Send what the caller has appended to pipeline->input.buf.  What nobody reads
 * any more is dropped.  -1 if it was too much.
 */
int pipeline_send(struct pipeline *pipeline);

/* There is no more input. */
void pipeline_end_input(struct pipeline *pipeline);

/* Hand out what it has said so far, a MiB at most. */
void pipeline_hear(struct pipeline *pipeline);

/*
 * Kill its process group.  It is still to be waited for.  One that closes its
 * stdout while its input is open is killed, too: no answer can come of it.
 */
void pipeline_kill(struct pipeline *pipeline);

/* "status 3", "signal 9 (Killed)". */
void pipeline_put_end(struct buf *out, const struct pipeline *pipeline);

/* Kill what runs, and free everything. */
void pipeline_free(struct pipeline *pipeline);

#endif
