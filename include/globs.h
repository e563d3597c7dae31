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

	char last[128];			/* private: what was asked last, */
	bool last_matched;		/* and the answer */
};

/* One more; -1 if there are too many. */
int globs_add(struct globs *globs, const char *glob);

/*
 * Does one of them match all of name?  '*' matches slashes too.  A name that
 * holds a NUL or is longer than GLOBS_NAME_MAX bytes matches none.
 */
bool globs_match(const struct globs *globs, struct str name);

/* The same, quicker when name is that of the call before: is_new is then false. */
bool globs_match_again(struct globs *globs, struct str name, bool *is_new);

#endif
