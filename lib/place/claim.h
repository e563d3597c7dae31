/* SPDX-License-Identifier: Apache-2.0 */
/*
 * claim: one at a time for each destination, within a process.
 *
 * Where a server does not keep the conditions of a write, two that look before
 * they write would both find the place free.
 */
#ifndef S3EV_CLAIM_H
#define S3EV_CLAIM_H

#include <stdbool.h>

#include "base/str.h"

struct claim {
	/* Set by the caller; borrowed until released. */
	struct str bucket, key;
	void (*granted)(void *arg);	/* from claim_take() or _release() */
	void *arg;

	struct claim *next;		/* private */
	bool held;
};

/* Those that are held or wait, in order; zeroed at first. */
struct claims {
	struct claim *first;
};

/* Is granted now or, if another has the destination, when that is released. */
void claim_take(struct claims *claims, struct claim *claim);

/* Also for one that still waits.  Does nothing to one that is not there. */
void claim_release(struct claims *claims, struct claim *claim);

#endif
