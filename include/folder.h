/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder: take a directory away with all that was put into it.
 */
#ifndef S3EV_FOLDER_H
#define S3EV_FOLDER_H

/*
 * Remove all that is in a directory.  No link is followed, and however deep it
 * is, two descriptors and no recursion are enough.  What is still being filled,
 * or belongs to somebody else, is left in the end: -1 with errno.
 */
int folder_empty(const char *path);

/* Remove it, too, unless something is left in it. */
void folder_remove(const char *path);

#endif
