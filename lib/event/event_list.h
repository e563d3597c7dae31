/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event_list: objects that a person lists, one s3://bucket/key a line.
 *
 * For those who have a list instead of events.  The key is all that follows the
 * bucket and a slash, byte for byte, blanks included; a line may end in CR LF,
 * and a byte order mark may come before the first.
 */
#ifndef S3EV_EVENT_LIST_H
#define S3EV_EVENT_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "event/event.h"

struct event_list {
	const struct event_handler *handler;	/* borrowed; see event.h */
	void *ctx;
	struct buf line;			/* the start of one; owned */
	bool is_long;				/* longer than we take */
	bool begun;				/* the first line is read */
};

void event_list_init(struct event_list *list, const struct event_handler *handler,
	       void *ctx);
void event_list_free(struct event_list *list);

/*
 * Read n more bytes.  A line that is not such a URI is refused.  Returns -1 if
 * a callback stopped or memory is out.
 */
int event_list_feed(struct event_list *list, const char *bytes, size_t n, struct err *err);

/* The input has ended.  A last line without newline is refused as cut off. */
int event_list_end(struct event_list *list, struct err *err);

#endif
