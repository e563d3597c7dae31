/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime: the Lambda Runtime API, 2018-06-01, as a client.
 *
 * Each call turns the loop until it is answered, so whatever else waits there
 * goes on.  A kept connection that has died meanwhile is not an error: while
 * an environment is frozen, anything may happen to it.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
#ifndef S3EV_RUNTIME_H
#define S3EV_RUNTIME_H

#include "err.h"
#include "loop.h"
#include "str.h"

/* What is to be done; borrowed until the next runtime_next(). */
struct runtime_event {
	struct str id;			/* of the request */
	struct str trace;		/* absent if there is none */
	struct str body;
	unsigned long long deadline;	/* ms since 1970, 0 if unknown */
};

struct runtime;

/* host is "ADDRESS:PORT", copied; borrows loop. */
struct runtime *runtime_new(struct loop *loop, const char *host,
			    struct err *err);
void runtime_free(struct runtime *runtime);

/* Wait for the next event, as long as that takes. */
int runtime_next(struct runtime *runtime, struct runtime_event *event,
		 struct err *err);

/*
 * Answer the event with this id: a response, or that it failed, and why.  -1
 * with err, whose status is HTTP's: after 400, 403 and 413 the next
 * event may be asked for all the same.
 */
int runtime_respond(struct runtime *runtime, struct str id, struct str body,
		    struct err *err);
int runtime_fail(struct runtime *runtime, struct str id, const struct err *why,
		 struct err *err);

/* We cannot begin. */
int runtime_fail_init(struct runtime *runtime, const struct err *why,
		      struct err *err);

#endif
