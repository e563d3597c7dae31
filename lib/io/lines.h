/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lines: split what is read from a descriptor into lines.
 *
 * A line that is too long is skipped in bounded memory.  A last line without a
 * newline is reported as cut off, so that it is never taken for a whole one.
 */
#ifndef S3EV_LINES_H
#define S3EV_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

struct lines {
	unsigned long long number;	/* of the line last returned; 1 is the first */
	bool ended;			/* there is no more to be read */

	struct buf buf;			/* private from here on */
	size_t used;			/* bytes of buf that were handed out */
	size_t max;
	bool skipping;			/* inside a line that is too long */
};

enum lines_what {
	LINES_NONE,		/* no whole line is here: read more */
	LINES_LINE,
	LINES_TOO_LONG,		/* one was skipped */
	LINES_CUT_OFF		/* the input ends without a newline */
};

/* Lines of up to max bytes, newline not counted. */
void lines_init(struct lines *lines, size_t max);
void lines_free(struct lines *lines);

/* read(2) once.  -1 with errno; EINTR and EAGAIN are no errors. */
int lines_read(struct lines *lines, int fd);

/* The next line, without newline; borrowed until lines_read(). */
enum lines_what lines_next(struct lines *lines, struct str *line);

#endif
