/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect: one object looked at by built-in checks and the processor.
 *
 * Its bytes are read once, and as they come go to the checks and on to the
 * processor, unzipped before if that is asked for.  A processor gets the spool
 * file itself, if the record has one and nothing is unzipped.  It starts with
 * the first byte, so an object that is gone costs none, and it sees the end
 * only when all has arrived and was verified.
 *
 * A fault that a check finds decides, whatever the processor says or has said:
 * all checks see the object to its end, or to the first fault.
 */
#ifndef S3EV_INSPECT_H
#define S3EV_INSPECT_H

#include <stdbool.h>

#include "arena.h"
#include "aws.h"
#include "buf.h"
#include "check.h"
#include "err.h"
#include "gunzip.h"
#include "loop.h"
#include "processor.h"
#include "record.h"
#include "s3.h"
#include "source.h"

struct inspect {
	/* Set by the caller; all borrowed until done. */
	struct loop *loop;
	struct aws *aws;		/* needed if the object is remote */
	const struct check_rules *rules;
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
	const char *by;			/* "processor", a check, or "builtin" */
	struct outfile output;		/* of the processor, if it is good */

	struct source source;		/* private from here on */
	struct processor processor;
	bool source_runs, processor_ran, processor_runs;
	bool is_deaf;			/* the processor closed its stdin */
	bool is_paused;			/* the processor cannot take more */
	bool is_bad;			/* a check has found a fault */
	bool is_etag_unknown;		/* it is no MD5, so it says nothing */
	struct checks stored, content;	/* on the bytes as they are stored, */
	struct gunzip gunzip;		/* and on what is in them */
	size_t seen, used;		/* of the piece that was left untaken:
					 * by the checks on stored, by gunzip */
};

/* Will it need S3? */
bool inspect_is_remote(const struct check_rules *rules,
		       const struct processor_options *how,
		       const struct record *record);

void inspect_start(struct inspect *inspect);

/*
 * Append what has been learned of the bytes: "etag" ("unknown", if --etag could
 * not be decided), "unzipped" (bytes), "read_etag" (record_put_read()).
 */
void inspect_put(struct buf *members, const struct inspect *inspect);

/* Stop at once; done is not called, and nothing else may be done with it. */
void inspect_cancel(struct inspect *inspect);

#endif
