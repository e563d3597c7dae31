/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker: long-lived processors, which are asked about one record after the
 * other.
 *
 * Each reads a record a line from its stdin, with fetch.path, the file of its
 * bytes, in it, and answers each with a line on its stdout (answer.h) before
 * it gets the next.  One is started when a record finds none idle, and ended
 * when it takes too long or answers what is no answer; its record is failed,
 * and the next one starts another.  When WORKER_DEATHS die in a row without
 * an answer, none is started for a while, and records that would need it fail
 * at once.
 */
#ifndef S3EV_WORKER_H
#define S3EV_WORKER_H

#include <stdint.h>

#include "arena.h"
#include "err.h"
#include "loop.h"
#include "processor_option.h"
#include "record.h"

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
	uint64_t took_ms;

	struct workers *workers;	/* private from here on */
	struct worker *worker;		/* that is asked, or NULL: it waits */
	struct worker_job *next;
	uint64_t started;
	size_t sent;			/* bytes of the line */
};

/* At most count of them; loop and options are borrowed.  NULL: no memory. */
struct workers *workers_new(struct loop *loop,
			    const struct processor_options *options,
			    unsigned count);

/* End all of them: their stdin, then SIGTERM, then SIGKILL, and wait. */
void workers_free(struct workers *workers);

/* A record without a spool file that is whole is failed. */
void worker_ask(struct workers *workers, struct worker_job *job);

/* Forget the question; done is not called. */
void worker_cancel(struct worker_job *job);

#endif
