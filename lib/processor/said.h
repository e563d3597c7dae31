/* SPDX-License-Identifier: Apache-2.0 */
/*
 * said: which of the lines that a program wrote to its stderr says why.
 *
 * What is returned borrows from what was said, without its newline, and is
 * empty where nothing was said.
 */
#ifndef S3EV_SAID_H
#define S3EV_SAID_H

#include "base/str.h"

/*
 * The first line that says something; of an uncaught exception of Python the
 * line that names it, which comes last, behind the traceback.
 */
struct str said_first(struct str said);

/* The last line that says something. */
struct str said_last(struct str said);

#endif
