/* SPDX-License-Identifier: Apache-2.0 */
/*
 * processor: the user's program, run once on one object.
 *
 * The object's bytes are its stdin: from the spool file if the record has one
 * (fetch.path), else straight from S3, so that an object may be larger than
 * memory and disk.  What the object is stands in the environment:
 *
 *	S3EV_BUCKET S3EV_KEY S3EV_SIZE S3EV_ETAG S3EV_VERSION S3EV_ID
 *	S3EV_EVENT S3EV_TIME	as far as the record knows them
 *	S3EV_PATH		the spool file, if there is one
 *	S3EV_RECORD		the whole record, unless it is very long
 *
 * Its exit status is its word: 0 good; 75, 126, 127 and death by a signal (129
 * to 192, as a shell puts it) mean that it could not do its work; anything else
 * bad, and the first line of its
 * stderr is the reason.  It sees the end of a streamed object only when all of
 * it has arrived and was verified, so it never calls half an object good.
 */
#ifndef S3EV_PROCESSOR_H
#define S3EV_PROCESSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "aws.h"
#include "child.h"
#include "err.h"
#include "loop.h"
#include "record.h"
#include "s3.h"
#include "str.h"
#include "verify.h"

struct processor {
	/* Set by the caller; all borrowed until done. */
	struct loop *loop;
	struct aws *aws;		/* needed if the object is streamed */
	const char *command;		/* see child_start() */
	const struct record *record;
	const struct s3_options *options;	/* of the stream, or NULL */
	struct arena *arena;
	void (*done)(void *arg);	/* may be called from the start */
	void *arg;

	/*
	 * What came of it.  RECORD_GONE and RECORD_FAILED: err says why;
	 * RECORD_BAD: reason, in the arena.
	 */
	enum record_outcome outcome;
	struct err err;
	struct str reason;
	uint64_t took_ms;

	struct child child;		/* private from here on */
	struct s3_call call;
	struct verify verify;
	uint64_t started;
	bool child_ran, child_runs, call_runs;
};

/* Does the record's object have to come from S3? */
bool processor_streams(const struct record *record);

void processor_start(struct processor *processor);

/* Kill it; done is not called, and nothing else may be done with it. */
void processor_cancel(struct processor *processor);

#endif
