/* SPDX-License-Identifier: Apache-2.0 */
/* globs: is a name one of those that are asked for?  See fnmatch(3). */
#ifndef S3EV_GLOBS_H
#define S3EV_GLOBS_H

#include <stdbool.h>
#include <stddef.h>

#include "str.h"

enum { GLOBS_MAX = 64, GLOBS_NAME_MAX = 1024 };

struct globs {
	const char *list[GLOBS_MAX];	/* borrowed */
	size_t count;
};

/* One more; -1 if there are too many. */
int globs_add(struct globs *globs, const char *glob);

/*
 * Does one of them match all of name?  '*' matches slashes too.  A name that
 * holds a NUL or is longer than GLOBS_NAME_MAX bytes matches none.
 */
bool globs_match(const struct globs *globs, struct str name);

#endif
