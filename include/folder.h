/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder: a fresh directory that goes away with all that was put into it.
 */
#ifndef S3EV_FOLDER_H
#define S3EV_FOLDER_H

#include "err.h"

/*
 * Make a directory that only we can enter, in TMPDIR or /tmp.  Its absolute
 * path, which folder_remove() frees, or NULL with err.
 */
char *folder_make(struct err *err);

/*
 * Remove it and free its path; NULL is nothing to remove.  No link is followed,
 * and however deep it is, two descriptors and no recursion are enough.  What
 * is still being filled, or belongs to somebody else, is left in the end.
 */
void folder_remove(char *path);

#endif
