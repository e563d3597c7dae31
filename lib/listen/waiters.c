/* SPDX-License-Identifier: Apache-2.0 */
#include "listen/waiters.h"

#include <stdlib.h>

#include "base/buf.h"
#include "format/json_write.h"

enum { ANSWER_MAX = 4 << 10 };

struct waiter {
	struct serve_request *request;
	const struct inbox_event *event;	/* or NULL */
	bool is_health;
	uint64_t due;
	struct waiter *next;
};

static const char stopped[] = "it is being stopped",
	no_room[] = "there is no room, try again later";

void waiters_init(struct waiters *waiters)
{
	waiters->first = NULL;
	waiters->last = &waiters->first;
}

void waiters_answer(struct waiters *waiters, struct serve_request *request,
		    int status, const char *what, struct str why)
{
	struct serve_answer answer = { .status = status,
				       .type = "application/json" };
	struct buf body;

	buf_init(&body, ANSWER_MAX);
	buf_putc(&body, '{');
	json_member(&body, "status", str_of(what));
	json_member(&body, "reason", why);
	buf_puts(&body, "}\n");
	answer.body = body.failed ? STR("{}\n") : buf_str(&body);
	if (status == 503) {
		answer.header = "Retry-After";
		answer.value = "1";
	}
	serve_answer(waiters->serve, request, &answer);
	buf_free(&body);
}

static void add(struct waiters *waiters, const struct waiter *waiter)
{
	struct waiter *added = malloc(sizeof(*added));

	if (!added) {
		waiters_answer(waiters, waiter->request, 503, "failed",
			       STR("out of memory"));
		return;
	}
	*added = *waiter;
	added->next = NULL;
	*waiters->last = added;
	waiters->last = &added->next;
}

void waiters_add(struct waiters *waiters, struct serve_request *request,
		 const struct inbox_event *event, uint64_t due)
{
	add(waiters, &(struct waiter){ .request = request, .event = event,
				       .due = due });
}

void waiters_add_refused(struct waiters *waiters, struct serve_request *request,
			 uint64_t due)
{
	add(waiters, &(struct waiter){ .request = request, .due = due });
}

void waiters_add_health(struct waiters *waiters, struct serve_request *request)
{
	add(waiters, &(struct waiter){ .request = request, .is_health = true,
				       .due = UINT64_MAX });
}

/* Take the waiter at *link out of the list, and answer it. */
static void end(struct waiters *waiters, struct waiter **link, int status,
		const char *what, struct str why)
{
	struct waiter *waiter = *link;

	*link = waiter->next;
	if (!waiter->next)
		waiters->last = link;
	waiters_answer(waiters, waiter->request, status, what, why);
	free(waiter);
}

void waiters_tell(struct waiters *waiters, const struct inbox_event *event,
		  int status, const char *what, struct str why)
{
	struct waiter **link = &waiters->first;

	while (*link)
		if ((*link)->event == event)
			end(waiters, link, status, what, why);
		else
			link = &(*link)->next;
}

void waiters_tell_health(struct waiters *waiters, bool is_well)
{
	struct waiter **link = &waiters->first;

	while (*link)
		if ((*link)->is_health)
			end(waiters, link, is_well ? 200 : 503, is_well ? "ok" :
			    "the pipeline passes no marks", STR_NONE);
		else
			link = &(*link)->next;
}

unsigned waiters_take_back(struct waiters *waiters,
			   const struct inbox_event *event, uint64_t due)
{
	unsigned n = 0;

	for (struct waiter *w = waiters->first; w; w = w->next)
		if (w->event == event) {
			w->event = NULL;
			w->due = due;
			n++;
		}
	return n;
}

/* Can it be answered, before it is known what becomes of the event? */
static bool has_time(const struct waiter *waiter)
{
	return !waiter->is_health && (!waiter->event || waiter->event->is_safe);
}

void waiters_pass(struct waiters *waiters, uint64_t now, bool all)
{
	struct waiter **link = &waiters->first;

	while (*link) {
		struct waiter *waiter = *link;

		if (!has_time(waiter) || (!all && waiter->due > now))
			link = &waiter->next;
		else if (waiter->event)
			end(waiters, link, 200, "kept",
			    str_of(waiter->event->why));
		else
			end(waiters, link, 503, "not taken", str_of(no_room));
	}
}

uint64_t waiters_due(const struct waiters *waiters)
{
	uint64_t due = UINT64_MAX;

	for (const struct waiter *w = waiters->first; w; w = w->next)
		if (has_time(w) && w->due < due)
			due = w->due;
	return due;
}

void waiters_end(struct waiters *waiters)
{
	while (waiters->first)
		end(waiters, &waiters->first, 503, "failed", str_of(stopped));
}
