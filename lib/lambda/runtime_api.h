/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime_api: the Lambda Runtime API, 2018-06-01, as a client.
 *
 * Each call turns the loop until it is answered, so other work in the loop goes
 * on.  A kept connection that has died is not an error: the environment may
 * have been frozen for hours.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
#ifndef S3EV_RUNTIME_API_H
#define S3EV_RUNTIME_API_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "io/loop.h"

/* What is to be done; borrowed until the next runtime_api_next(). */
struct runtime_api_event {
	struct str id;			/* of the request */
	struct str trace;		/* absent if there is none */
	struct str body;
	unsigned long long deadline;	/* ms since 1970, 0 if unknown */
};

struct runtime_api;

/* host is "ADDRESS:PORT", copied; borrows loop. */
struct runtime_api *runtime_api_new(struct loop *loop, const char *host,
			    struct err *err);
void runtime_api_free(struct runtime_api *runtime);

/* Wait for the next event, as long as that takes. */
int runtime_api_next(struct runtime_api *runtime, struct runtime_api_event *event,
		 struct err *err);

/*
 * Set the trace of this event in the environment, where AWS's own tools look
 * for it.  Only a program that is started for this event can see it there.
 */
void runtime_api_export_trace(const struct runtime_api_event *event);

/*
 * Answer the event with this id: by a response, or by why it failed.  -1 with
 * err, which has the HTTP status.
 */
int runtime_api_respond(struct runtime_api *runtime, struct str id, struct str body,
		    struct err *err);
int runtime_api_fail(struct runtime_api *runtime, struct str id, const struct err *why,
		 struct err *err);

/*
 * Was only this answer refused, because it is too late (400, 403) or too large
 * (413)?  Then the next event may be asked for all the same.
 */
bool runtime_api_goes_on(const struct err *err);

/* Say that the function cannot start, and why. */
int runtime_api_fail_init(struct runtime_api *runtime, const struct err *why,
		      struct err *err);

#endif
