/* SPDX-License-Identifier: Apache-2.0 */
/*
 * globs: a list of patterns, and whether a name matches any of them.
 *
 * Patterns are those of fnmatch(3).  Their text is borrowed.
 */
#ifndef S3EV_GLOBS_H
#define S3EV_GLOBS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum { GLOBS_MAX = 64, GLOBS_NAME_MAX = 1024 };

struct globs {
	const char *list[GLOBS_MAX];	/* borrowed */
	size_t count;

	char last[128];			/* private: the name asked about last */
	bool last_matched;		/* and the answer */
};

/* Add a pattern.  Returns -1 if there are GLOBS_MAX already. */
int globs_add(struct globs *globs, const char *glob);

/*
 * Does a pattern match all of name?  '*' matches slashes too.  A name that
 * holds a NUL or is longer than GLOBS_NAME_MAX bytes matches none.
 */
bool globs_match(const struct globs *globs, struct str name);

/*
 * The same, but quick if name is the one of the call before.  *is_new is false
 * in that case.
 */
bool globs_match_again(struct globs *globs, struct str name, bool *is_new);

#endif
