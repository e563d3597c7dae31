/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect: one object looked at by built-in checks and the processor.
 *
 * Its bytes are read once.  As they come they go to the checks and to the
 * processor, unzipped first if that is asked for.  A processor gets the spool
 * file itself if the record has one and nothing is unzipped.  The processor
 * starts with the first byte, so an object that is gone costs none, and sees
 * the end only when all bytes have come and were verified.
 *
 * A fault that a check finds decides, whatever the processor says or has said:
 * all checks see the object to its end, or to the first fault.
 *
 * The processor may be slow.  Then the bytes wait where they are:
 *
 *	S3, file ──► object_reader ──► checks ──► gunzip ──► child ──► pipe
 *	               holds the         seen       used      holds what
 *	               last piece                             was taken
 *
 * - child holds the bytes that processor_write() took and the pipe did not.  As
 *   long as there are any, the processor is busy and gets no more.
 * - take() then says HTTP_PAUSE, and is_paused is set.  The piece stays with
 *   its reader: curl's buffer, or the object_reader's piece of a file.
 * - When child is empty it calls ready, and object_reader_resume() brings the
 *   same piece once more, from its beginning.  So that nothing sees a byte
 *   twice, seen says how much of it the checks on stored bytes have had, and
 *   used how much of it is unzipped.
 */
#ifndef S3EV_INSPECT_H
#define S3EV_INSPECT_H

#include <stdbool.h>

#include "aws/aws.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "check/check.h"
#include "fetch/object_reader.h"
#include "format/gunzip.h"
#include "io/loop.h"
#include "processor/processor.h"
#include "record/record.h"
#include "s3/s3.h"

struct inspect {
	/* Set by the caller; all borrowed until done. */
	struct loop *loop;
	struct aws *aws;		/* needed if the object is remote */
	const struct check_rules *rules;
	const struct processor_options *how;	/* the processor is run */
	const struct record *record;
	const struct s3_options *options;	/* of the GET, or NULL */
	bool counts_size;		/* the record's is not to be relied on */
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

	struct object_reader reader;		/* private from here on */
	struct processor processor;
	bool reader_runs, processor_ran, processor_runs;
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
