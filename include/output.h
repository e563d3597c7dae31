/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output: lines on their way to a descriptor whose reader may be slow.
 *
 * What is put waits in memory until output_write() is called, for which the
 * caller waits for POLLOUT.  Nothing blocks, so a pipe gets PIPE_BUF bytes at a
 * time, and whole lines where they fit, since such a write is atomic.
 */
#ifndef S3EV_OUTPUT_H
#define S3EV_OUTPUT_H

#include <stddef.h>

#include "buf.h"

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

/* Write all of it, waiting as long as that takes.  -1 with errno. */
int output_drain(struct output *output);

#endif
