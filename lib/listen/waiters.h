/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waiters: requests that are not answered yet.  A part of listener.
 *
 * One waits for what becomes of its event, for room, or for news of our health.
 * An event that is not safe (inbox.h) is never answered because of the time.
 */
#ifndef S3EV_WAITERS_H
#define S3EV_WAITERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "listen/inbox.h"
#include "serve/serve.h"

struct waiter;

struct waiters {
	struct serve *serve;		/* borrowed */
	struct waiter *first, **last;	/* private; in the order of arrival */
};

void waiters_init(struct waiters *waiters);

/* Answer at once: {"status":"failed","reason":"..."}; why may be absent. */
void waiters_answer(struct waiters *waiters, struct serve_request *request,
		    int status, const char *what, struct str why);

/* Wait for this event; if it is safe, until due, ms of the loop's clock. */
void waiters_add(struct waiters *waiters, struct serve_request *request,
		 const struct inbox_event *event, uint64_t due);

/* Wait until due, and be refused with 503. */
void waiters_add_refused(struct waiters *waiters, struct serve_request *request,
			 uint64_t due);

/* Wait for waiters_tell_health(). */
void waiters_add_health(struct waiters *waiters, struct serve_request *request);

/* It is known what became of the event: answer all who wait for it. */
void waiters_tell(struct waiters *waiters, const struct inbox_event *event,
		  int status, const char *what, struct str why);
void waiters_tell_health(struct waiters *waiters, bool is_well);

/* The event goes; who waits for it is refused when this is due.  Says how many. */
unsigned waiters_take_back(struct waiters *waiters,
			   const struct inbox_event *event, uint64_t due);

/* Answer what is due now; or all that may be, before the time. */
void waiters_pass(struct waiters *waiters, uint64_t now, bool all);

/* When something is due; UINT64_MAX: never. */
uint64_t waiters_due(const struct waiters *waiters);

/* Refuse all that are left. */
void waiters_end(struct waiters *waiters);

#endif
