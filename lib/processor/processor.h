/* SPDX-License-Identifier: Apache-2.0 */
/*
 * processor: the user's program, run once on one object.
 *
 * The object's bytes are its stdin: a file, or what processor_write() gives it.
 * The environment says what the object is:
 *
 *	S3EV_BUCKET S3EV_KEY S3EV_SIZE S3EV_ETAG S3EV_VERSION S3EV_ID
 *	S3EV_EVENT S3EV_TIME	as far as the record knows them
 *	S3EV_PATH		the spool file, if there is one
 *	S3EV_RECORD		the whole record, unless it is very long
 *	S3EV_FOLDER		the folder it runs in, see child.h
 *
 * Its exit status is the verdict.  0 is good.  75, 126, 127 and death by a
 * signal (in a shell 129 to 192) mean that it could not do its work, and so does
 * a stderr that tells of a shortage, see shortage.h.  78 means that it
 * is set up wrongly (ERR_PROCESSOR_CONFIG).  Anything else is bad, and the first
 * line of its stderr, or of a traceback the exception (said.h), is the reason,
 * unless it left a note on descriptor 3, see verdict.h.
 *
 * Its output is whole when nobody holds it open any more.  If one that is good
 * left something running that does, that is waited for as long as it writes.
 *
 * The caller ends its stdin only when all of the object has arrived and was
 * verified, so that the processor never calls half an object good.
 */
#ifndef S3EV_PROCESSOR_H
#define S3EV_PROCESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "io/loop.h"
#include "processor/child.h"
#include "processor/outfile.h"
#include "processor/processor_option.h"
#include "record/record.h"

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
	bool may_run_again;	/* it failed at once, or could not be started,
				 * for want of a process or memory: a little
				 * later it may get them */
	struct err complaint;		/* a note that could not be read */
	struct outfile output;		/* of a good object, with -o */
	uint64_t took_ms;

	struct child child;		/* private from here on */
	uint64_t started;
	struct loop_timer patience;	/* with what still writes its output */
	unsigned long long heard;	/* bytes, when that was set */
	bool is_waited_for, is_cut;
};

/*
 * Run it on the file fd (borrowed, may be closed afterwards), or with -1 on
 * what processor_write() gives it.  -1 with err if it cannot be started; then
 * ended is not called.
 */
int processor_start(struct processor *processor, int fd, struct err *err);

/* As child_write(): 0 taken, 1 not now, -1 it reads no more, or no memory. */
int processor_write(struct processor *processor, const char *bytes, size_t n);

/* Has it closed its stdin? */
bool processor_is_deaf(const struct processor *processor);

/* Does input still wait for the pipe?  Then processor_write() returns 1. */
bool processor_is_busy(const struct processor *processor);

/* That was all of the object. */
void processor_end_input(struct processor *processor);

/* Kill it; ended is still called. */
void processor_kill(struct processor *processor);

/*
 * Free what it holds.  A run is killed.  Its output is removed, unless the
 * caller has taken that out of the struct.
 */
void processor_free(struct processor *processor);

#endif
