/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output: lines on their way to a descriptor whose reader may be slow.
 *
 * Lines wait in memory.  The caller waits for POLLOUT and then calls
 * output_write(), which never blocks: a pipe gets at most PIPE_BUF bytes at a
 * time, and whole lines where they fit, since such a write is atomic.
 *
 * Who has nothing to write would never learn that the reader is gone, and would
 * wait for input for ever, with all those before it in the pipe.  So stdout is
 * watched then, too: output_events() and output_ready().
 */
#ifndef S3EV_OUTPUT_H
#define S3EV_OUTPUT_H

#include <stddef.h>

#include "base/buf.h"

struct output {
	struct buf buf;		/* append to it */

	int fd;			/* private from here on */
	size_t used;		/* bytes that are written */
	size_t chunk;		/* most bytes to write at once */
};

void output_init(struct output *output, int fd, size_t max);
void output_free(struct output *output);

/* Bytes that are not written yet. */
size_t output_waiting(const struct output *output);

/* write(2) once.  -1 with errno; EINTR and EAGAIN are no errors. */
int output_write(struct output *output);

/* What to wait for: room, or with nothing to write the end of the reader. */
short output_events(const struct output *output);

/* These have come: output_write(), or end as output_broken(). */
int output_ready(struct output *output, short events);

/*
 * Nobody reads it any more.  End as a write would: by SIGPIPE, or where that is
 * ignored with -1 and EPIPE.
 */
int output_broken(void);

/* Write all of it, waiting as long as that takes.  -1 with errno. */
int output_drain(struct output *output);

#endif
