/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder: a fresh directory that goes away with all that was put into it.
 */
#ifndef S3EV_FOLDER_H
#define S3EV_FOLDER_H

#include "err.h"

/*
 * Make a directory that only we can enter, in TMPDIR or /tmp.  Its absolute
 * path, which the caller frees, or NULL with err.
 */
char *folder_make(struct err *err);

/*
 * Remove all that is in a directory.  No link is followed, and however deep it
 * is, two descriptors and no recursion are enough.  What is still being filled,
 * or belongs to somebody else, is left in the end: -1 with errno.
 */
int folder_empty(const char *path);

/* Remove it, too, unless something is left in it. */
void folder_remove(const char *path);

#endif
