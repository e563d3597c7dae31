/* SPDX-License-Identifier: Apache-2.0 */
/*
 * say: the one door through which lines leave on stderr.
 *
 * No tool writes to stderr by other means, so that no text from outside can
 * break a line, move a cursor or pass for another's line: see diag.h.  A line
 * is one write(2), so lines of several filters do not mix.
 */
#ifndef S3EV_SAY_H
#define S3EV_SAY_H

#include "base/str.h"

/* Write "WHO: LINE", or only the line if who is NULL, and a newline. */
void say_line(const char *who, struct str line);

/*
 * The same with the first n bytes of the line, which are visible, in a colour:
 * a number of SGR (ECMA-48, 8.3.117), or NULL for none.  For terminals only.
 */
void say_coloured(const char *who, struct str line, size_t n,
		  const char *colour);

/* The same with "WHAT: TEXT" as line, for what is wrong with an argument. */
void say_wrong(const char *who, const char *what, const char *text);

/* The same with WHAT and the reason for errno. */
void say_errno(const char *who, const char *what);

#endif
