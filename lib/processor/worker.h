/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker: long-lived processors, which are asked about one record after the
 * other.
 *
 * A worker reads a record a line from its stdin; the record has fetch.path, the
 * file with the object's bytes.  It answers each with a line on its stdout
 * (verdict.h) before it gets the next.  A worker is in one of four states:
 *
 *	        a record finds           it gets a
 *	        none idle                record
 *	  GONE ───────────────► IDLE ───────────────► ASKED
 *	   ▲                    │  ▲                  │   │
 *	   │   it speaks unasked│  └──────────────────┘   │ it is late, its answer
 *	   │   or closes stdout │      it answers         │ is none, or it closes
 *	   │                    ▼                         │ stdin or stdout
 *	   └───────────────── ENDING ◄────────────────────┘
 *	        it ends
 *
 * It may also end unasked, from IDLE and ASKED straight to GONE.  ENDING begins
 * with SIGTERM; SIGKILL follows after CHILD_GRACE_MS.
 *
 * The record of a worker that was late or gave no valid answer is failed at
 * once; that of one that ends or closes a pipe is failed at its end, which says
 * why.  The next record starts another worker.  When WORKER_DEATHS die in a row
 * without an answer, none is started for a while, and records that would need
 * one fail at once.
 *
 * A worker that ends with EX_CONFIG before its first answer says that it is set
 * up wrongly, as another would be, too: ERR_PROCESSOR_CONFIG.  None is started
 * any more, and all records that would need one fail with that.
 */
#ifndef S3EV_WORKER_H
#define S3EV_WORKER_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "io/loop.h"
#include "processor/processor_option.h"
#include "record/record.h"

enum {
	WORKER_DEATHS = 5,
	WORKER_PAUSE_MS = 1000,		/* twice as long each time, */
	WORKER_PAUSE_MAX_MS = 60000,	/* up to this */
	WORKER_ANSWER_MAX = 64 << 10	/* bytes of an answer */
};

struct worker;
struct workers;

/* One question; zeroed before first use. */
struct worker_job {
	/* Set by the caller; all borrowed until done. */
	const struct record *record;
	struct arena *arena;
	void (*done)(void *arg);	/* may be called from worker_ask() */
	void *arg;

	/* The answer: RECORD_BAD with bad, RECORD_FAILED with err. */
	enum record_outcome outcome;
	struct record_bad bad;
	struct err err;
	struct str said;		/* RECORD_FAILED: on its stderr; in the arena */
	uint64_t took_ms;

	struct workers *workers;	/* private from here on */
	struct worker *worker;		/* that is asked, or NULL: it waits */
	struct worker_job *next;
	uint64_t started;
	size_t sent;			/* bytes of the line */
};

/* At most count workers; loop and options are borrowed.  NULL: no memory. */
struct workers *workers_new(struct loop *loop,
			    const struct processor_options *options,
			    unsigned count);

/* End all of them: their stdin, then SIGTERM, then SIGKILL, and wait. */
void workers_free(struct workers *workers);

/* A record without a spool file, or whose file is cut, is failed. */
void worker_ask(struct workers *workers, struct worker_job *job);

/* Forget the question; done is not called. */
void worker_cancel(struct worker_job *job);

#endif
