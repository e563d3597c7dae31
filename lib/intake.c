/* SPDX-License-Identifier: Apache-2.0 */
#include "intake.h"

#include <errno.h>
#include <unistd.h>

#include "list.h"

enum { READ_SIZE = 128 << 10 };

struct reading {
	const struct intake *intake;
	struct event_reader *events;	/* NULL: it is a list */
	struct list list;
};

static int feed(struct reading *r, const char *bytes, size_t n,
		struct err *err)
{
	if ((r->events ? event_feed(r->events, bytes, n, err) :
			 list_feed(&r->list, bytes, n, err)) < 0)
		return -1;
	if (r->intake->pause(r->intake->ctx) == 0)
		return 0;
	return err_set(err, "Stopped", "stopped by the reader");
}

static int read_all(struct reading *r, int fd, struct err *err)
{
	char bytes[READ_SIZE];
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "input");
		if (feed(r, bytes, (size_t)n, err) < 0)
			return -1;
	}
	return r->events ? event_end(r->events, err) : list_end(&r->list, err);
}

int intake_run(const struct intake *intake, int fd, struct err *err)
{
	struct reading r = { .intake = intake };
	int status = -1;

	list_init(&r.list, intake->handler, intake->ctx);
	if (!intake->is_list)
		r.events = event_reader_new(intake->handler, intake->ctx);
	if (!intake->is_list && !r.events)
		err_set(err, "OutOfMemory", "out of memory");
	else
		status = read_all(&r, fd, err);
	event_reader_free(r.events);
	list_free(&r.list);
	return status;
}
