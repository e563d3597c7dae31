/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listener: take events over HTTP, give them to the driver, and answer each when
 * it is known what became of it, or when it is safe.
 *
 *	POST of an event	with a journal		without one
 *	done			200			200
 *	not done in answer_ms	200, it is kept		the answer waits
 *	failed			200, tried again	503, held back
 *	no event at all		200, kept in refused	400, held back
 *	cannot be kept		503, held back
 *
 * Several events that wait are given as one, in the form of a queue's messages,
 * so that it is known of each what became of it; the messageId of an event is its
 * name in the journal, or a digest of it.  If a pipeline ends or is late while it
 * has several, each is tried alone.
 *
 * A repeat of an event that is here joins it, and is answered with it.
 */
#ifndef S3EV_LISTENER_H
#define S3EV_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "driver/driver.h"
#include "io/loop.h"
#include "listen/journal.h"
#include "serve/serve.h"

enum { LISTENER_EVENT_MAX = 1 << 20, LISTENER_BATCH_MAX = 1000 };

struct listener_options {
	struct driver_options driver;
	struct serve_options serve;	/* body_max is set here */
	const char *path;		/* the only one; NULL: any */
	struct str token;		/* absent: nobody is asked for one */
	const char *journal;		/* NULL: there is none */
	uint64_t journal_max;		/* events that are not done */
	uint64_t answer_ms;
	uint64_t backoff_ms;		/* doubles with each try */
	uint64_t time_ms;		/* for a pipeline to be done */
	uint64_t batch;			/* events at most given as one */
	bool strict;			/* 400 also if it is kept in refused */
};

struct listener_handler {
	/* A pipeline has passed a mark, for the first time. */
	void (*ready)(void *ctx);

	/* It does not; err says why. */
	void (*broken)(void *ctx, const struct err *err);

	/* See driver.h. */
	void (*record)(void *ctx, const struct driver_job *job,
		       struct str line);
	void (*said)(void *ctx, const struct driver_job *job, struct str line);

	/* Something is not as it should be; work goes on. */
	void (*report)(void *ctx, const struct err *err);

	/* After listener_stop(): all is done or left for another time. */
	void (*ended)(void *ctx);
};

/* Events, all since the start. */
struct listener_counts {
	unsigned long long received;	/* for the first time, as far as known */
	unsigned long long repeated;	/* joined one that was here */
	unsigned long long done;
	unsigned long long failed;	/* tries; each comes again */
	unsigned long long refused;	/* no events at all */
	unsigned long long held_back;	/* not taken: no room */
};

struct listener;

/*
 * Borrows its arguments.  NULL with err; the code is "JournalInUse" if another
 * process has the journal.  Events of an earlier run are found here.
 */
struct listener *listener_new(struct loop *loop,
			      const struct listener_options *options,
			      const struct listener_handler *handler, void *ctx,
			      struct err *err);
void listener_free(struct listener *listener);

/* Start the pipelines. */
void listener_start(struct listener *listener);

/* Take connections from a socket; owns it. */
int listener_listen(struct listener *listener, int fd, struct err *err);

/*
 * Take no more events.  What is begun may be finished within ms; what is not
 * begun is answered now: it is in the journal, or refused with 503.  May be
 * called again, with less time.
 */
void listener_stop(struct listener *listener, uint64_t ms);

/* Events that are not done. */
size_t listener_waiting(const struct listener *listener);
const struct listener_counts *listener_counts(const struct listener *listener);

/* Has a pipeline passed a mark lately?  passes is called with the answer. */
void listener_probe(struct listener *listener,
		    void (*passes)(void *ctx, bool yes), void *ctx);

#endif
