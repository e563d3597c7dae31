/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect: one object looked at, its bytes read once.
 *
 * The processor gets the bytes as they come from S3, or the spool file itself
 * if the record has one.  It starts with the first byte, so an object that is
 * gone costs none, and it sees the end only when all has arrived and was
 * verified.
 */
#ifndef S3EV_INSPECT_H
#define S3EV_INSPECT_H

#include <stdbool.h>

#include "arena.h"
#include "aws.h"
#include "err.h"
#include "loop.h"
#include "processor.h"
#include "record.h"
#include "s3.h"
#include "source.h"

struct inspect {
	/* Set by the caller; all borrowed until done. */
	struct loop *loop;
	struct aws *aws;		/* needed if the object is remote */
	const struct processor_options *how;	/* the processor is run */
	const struct record *record;
	const struct s3_options *options;	/* of the GET, or NULL */
	struct arena *arena;
	void (*done)(void *arg);	/* may be called from inspect_start() */
	void *arg;

	/*
	 * What came of it.  RECORD_GONE and RECORD_FAILED: err says why;
	 * RECORD_BAD: bad does, its text in the arena.
	 */
	enum record_outcome outcome;
	struct err err;
	struct record_bad bad;
	struct outfile output;		/* of the processor, if it is good */

	struct source source;		/* private from here on */
	struct processor processor;
	bool source_runs, processor_ran, processor_runs;
	bool is_deaf;			/* the processor closed its stdin */
};

void inspect_start(struct inspect *inspect);

/* Stop at once; done is not called, and nothing else may be done with it. */
void inspect_cancel(struct inspect *inspect);

#endif
