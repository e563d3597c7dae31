/* SPDX-License-Identifier: Apache-2.0 */
/*
 * removal: remove a copy that an earlier decision has made, and its explanation.
 *
 * Nothing is removed but what is proven ours: the copy has the version, or else
 * the ETag, that the ledger has of it; the explanation says that it is one of
 * this record.  What else lies there stays, and the record says so.  Each is
 * removed by its version or, where it has none, on the condition of its ETag and
 * of the time when it was written, since servers other than AWS's look at the
 * latter (s3_delete()).  The caller has made sure that the copy is superseded:
 * the new one is in its place, and the ledger says so (redo.h).
 *
 *	HEAD of the copy -- ours ----> DELETE --> HEAD, GET of the explanation
 *	  |-- not there ----------------------------'   |-- of this record:
 *	  `-- something else: kept                      |   DELETE --> done
 *	                                                |-- not there: done
 *	                                                `-- another: kept
 *
 * In a bucket with versions each of the two may have older ones below it, since
 * outputs and explanations are replaced by later ones.  They would come to light:
 * what there has the record's id, or explains the record, is removed as well.
 *
 * A repeat finds both away.
 */
#ifndef S3EV_REMOVAL_H
#define S3EV_REMOVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "io/loop.h"
#include "record/record_was.h"
#include "s3/s3.h"

struct removal {
	/* Set by the caller; all borrowed until done. */
	struct s3_work work;		/* at the copy, on the record */
	const struct record_copy *copy;
	bool is_shared;			/* remove its explanation only */
	struct loop *loop;
	void (*done)(void *arg);	/* from the loop, or from the start */
	void *arg;

	bool is_failed;			/* err says why; try again */
	bool is_kept;			/* something else lies there: err */
	struct err err;
	bool removed_copy, removed_why;

	struct s3_call call;		/* private from here on */
	struct loop_timer timer;
	struct str key, etag, version;	/* of what is being removed */
	long long modified;
	bool is_why, reads, is_below;
	unsigned tries;
};

void removal_start(struct removal *removal);

/* Stop; done is not called.  Does nothing to what never started. */
void removal_cancel(struct removal *removal);

#endif
