/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scratch: a directory for temporary files.
 *
 * It lies in an outer directory, which is locked as long as its owner lives, or
 * whoever inherits the lock, and has a marker, a file that says who made it.  If
 * they are killed, the directory stays, but is not locked any more; the next
 * process that calls scratch_sweep() sees that and removes it.  On Lambda /tmp
 * outlives processes.
 *
 * The marker is what makes a directory ours, not its name.  It lies outside the
 * directory for the files, so that whoever works there cannot take it away.
 */
#ifndef S3EV_SCRATCH_H
#define S3EV_SCRATCH_H

#include "base/err.h"

struct scratch {
	char *path;	/* absolute; NULL: there is none */
	int lock;	/* for those who may outlive us to inherit; -1: none */
	char *outer;	/* private */
};

/*
 * Make a directory that only we can enter, in TMPDIR or /tmp; the name of the
 * outer one begins with prefix.  -1 with err, and path NULL.
 */
int scratch_open(struct scratch *scratch, const char *prefix, struct err *err);

/* Remove all that is in it.  -1 with err if something is left. */
int scratch_empty(struct scratch *scratch, struct err *err);

/* Remove it, if there is one. */
void scratch_close(struct scratch *scratch);

/*
 * Remove the directories with this prefix that have our marker and whose owner
 * was killed.  One that was killed before it made the marker leaves an empty
 * directory, which stays.
 */
void scratch_sweep(const char *prefix);

#endif
