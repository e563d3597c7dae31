/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder: remove a directory with all that is in it.
 */
#ifndef S3EV_FOLDER_H
#define S3EV_FOLDER_H

/*
 * Remove all that is in a directory.  No link is followed.  However deep the
 * tree is, two descriptors and no recursion are enough.  -1 with errno if
 * something is left, because it is still being filled or belongs to another
 * user.
 */
int folder_empty(const char *path);

/* The same, and remove the directory itself unless something is left in it. */
void folder_remove(const char *path);

#endif
