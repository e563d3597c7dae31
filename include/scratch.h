/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scratch: a directory for temporary files that outlives nobody.
 *
 * It is locked as long as its owner lives, so the next one to come, perhaps in
 * an environment where /tmp was kept and the process was killed, can tell what
 * nobody needs any more, and removes it.
 */
#ifndef S3EV_SCRATCH_H
#define S3EV_SCRATCH_H

#include "err.h"

struct scratch {
	char *path;	/* absolute; NULL: there is none */
	int lock;	/* private */
};

/*
 * Make a directory that only we can enter, in TMPDIR or /tmp, whose name begins
 * with prefix.  -1 with err, and path NULL.
 */
int scratch_open(struct scratch *scratch, const char *prefix, struct err *err);

/* Remove all that is in it. */
int scratch_empty(struct scratch *scratch, struct err *err);

/* Remove it, if there is one. */
void scratch_close(struct scratch *scratch);

/* Remove those of ours whose owner was killed. */
void scratch_sweep(const char *prefix);

#endif
