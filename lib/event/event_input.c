/* SPDX-License-Identifier: Apache-2.0 */
#include "event/event_input.h"

#include <errno.h>
#include <unistd.h>

#include "event/event_list.h"

enum { READ_SIZE = 128 << 10 };

struct reading {
	const struct event_input *intake;
	struct event_reader *events;	/* NULL: it is a list */
	struct event_list list;
};

static int feed(struct reading *r, const char *bytes, size_t n,
		struct err *err)
{
	if ((r->events ? event_feed(r->events, bytes, n, err) :
			 event_list_feed(&r->list, bytes, n, err)) < 0)
		return -1;
	/* The next read may wait for hours, so results go out now. */
	if (r->intake->pause(r->intake->ctx) == 0)
		return 0;
	return err_set(err, ERR_STOPPED, "stopped by the reader");
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
	return r->events ? event_end(r->events, err) : event_list_end(&r->list, err);
}

int event_input_run(const struct event_input *intake, int fd, struct err *err)
{
	struct reading r = { .intake = intake };
	int status = -1;

	event_list_init(&r.list, intake->handler, intake->ctx);
	if (!intake->is_list)
		r.events = event_reader_new(intake->handler, intake->ctx);
	if (r.events)
		event_reader_keys(r.events, intake->keys);
	if (!intake->is_list && !r.events)
		err_memory(err);
	else
		status = read_all(&r, fd, err);
	event_reader_free(r.events);
	event_list_free(&r.list);
	return status;
}
