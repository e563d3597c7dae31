/* SPDX-License-Identifier: Apache-2.0 */
/*
 * processor: the user's program, run once on one object.
 *
 * The object's bytes are its stdin: a file, or what it is given piece by
 * piece.  What the object is stands in the environment:
 *
 *	S3EV_BUCKET S3EV_KEY S3EV_SIZE S3EV_ETAG S3EV_VERSION S3EV_ID
 *	S3EV_EVENT S3EV_TIME	as far as the record knows them
 *	S3EV_PATH		the spool file, if there is one
 *	S3EV_RECORD		the whole record, unless it is very long
 *	S3EV_FOLDER		the folder it runs in, see child.h
 *
 * Its exit status is its word: 0 good; 75, 126, 127 and death by a signal (129
 * to 192, as a shell puts it) mean that it could not do its work; anything else
 * bad, and the first line of its stderr is the reason, unless it left a note
 * on descriptor 3, see note.h.  It must see the end of
 * its stdin only when all of the object has arrived and was verified, so that
 * it never calls half an object good.
 */
#ifndef S3EV_PROCESSOR_H
#define S3EV_PROCESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "child.h"
#include "err.h"
#include "loop.h"
#include "outfile.h"
#include "processor_option.h"
#include "record.h"

struct processor {
	/* Set by the caller; all borrowed until it has ended. */
	struct loop *loop;
	const struct processor_options *options;
	const struct record *record;	/* its key without a NUL */
	struct arena *arena;
	void (*ready)(void *arg);	/* it can be written to again */
	void (*ended)(void *arg);	/* once */
	void *arg;

	/* What it said: RECORD_GOOD, RECORD_BAD, or RECORD_FAILED with err. */
	enum record_outcome outcome;
	struct record_bad bad;		/* text in the arena */
	struct err err;
	struct err complaint;		/* a note that could not be read */
	struct outfile output;		/* of a good object, with -o */
	uint64_t took_ms;

	struct child child;		/* private from here on */
	uint64_t started;
};

/*
 * Run it on the file fd (borrowed, may be closed afterwards), or with -1 on
 * what processor_write() gives it.  -1 with err if it cannot be started; then
 * ended is not called.
 */
int processor_start(struct processor *processor, int fd, struct err *err);

/* As child_write(): 0 taken, 1 not now, -1 it reads no more. */
int processor_write(struct processor *processor, const char *bytes, size_t n);

/* Would processor_write() return 1? */
bool processor_is_busy(const struct processor *processor);

/* That was all of the object. */
void processor_end_input(struct processor *processor);

/* Kill it; ended is still called. */
void processor_kill(struct processor *processor);

/*
 * Free what it holds, once it has ended, was killed or was never started; its
 * output is removed, unless the caller has taken that out.
 */
void processor_free(struct processor *processor);

#endif
