/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intake: all of a descriptor, read as events or as a list of objects.
 */
#ifndef S3EV_INTAKE_H
#define S3EV_INTAKE_H

#include <stdbool.h>

#include "err.h"
#include "event.h"

struct intake {
	const struct event_handler *handler;	/* see event.h */
	void *ctx;
	bool is_list;		/* see list.h */

	/* What there is has been read, and we may wait for more: -1 to stop. */
	int (*pause)(void *ctx);
};

/*
 * Read fd to its end.  Returns -1 with "Stopped" when a callback said so,
 * "OutOfMemory", or "SystemError" when fd cannot be read.
 */
int intake_run(const struct intake *intake, int fd, struct err *err);

#endif
