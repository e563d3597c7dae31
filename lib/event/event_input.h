/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event_input: read a descriptor to its end, as events or as a list of objects.
 *
 * Everything is borrowed for the call.
 */
#ifndef S3EV_EVENT_INPUT_H
#define S3EV_EVENT_INPUT_H

#include <stdbool.h>

#include "base/err.h"
#include "event/event.h"

struct event_input {
	const struct event_handler *handler;	/* see event.h */
	void *ctx;
	bool is_list;		/* see event_list.h */
	enum key_form keys;	/* see key_form.h */

	/* Called after each read(2), before one that may wait.  -1 stops. */
	int (*pause)(void *ctx);
};

/*
 * Read fd to its end.  Returns -1 with "Stopped" if a callback stopped,
 * "OutOfMemory", or "SystemError" if fd cannot be read.
 */
int event_input_run(const struct event_input *intake, int fd, struct err *err);

#endif
