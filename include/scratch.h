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

#include "buf.h"
#include "err.h"

struct scratch {
	struct buf path;	/* see buf_cstr() */
	int lock;		/* private */
};

/* Make one in TMPDIR, or /tmp, and remove those that were left there. */
int scratch_open(struct scratch *scratch, struct err *err);

/* Remove all that is in it. */
int scratch_empty(struct scratch *scratch, struct err *err);

/* Remove it. */
void scratch_close(struct scratch *scratch);

#endif
