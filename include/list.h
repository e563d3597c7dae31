/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list: objects that a person lists, one s3://bucket/key a line.
 *
 * For those who have a list and no events.  The key is what stands behind the
 * bucket, byte for byte, blanks included; a line may end in CR LF.
 */
#ifndef S3EV_LIST_H
#define S3EV_LIST_H

#include <stddef.h>

#include "buf.h"
#include "err.h"
#include "event.h"

struct list {
	const struct event_handler *handler;	/* borrowed; see event.h */
	void *ctx;
	struct buf line;			/* the beginning of one */
};

void list_init(struct list *list, const struct event_handler *handler,
	       void *ctx);
void list_free(struct list *list);

/*
 * Read n more bytes.  A line that is no such URI is refused.  Returns -1 when
 * a callback stopped or memory is out.
 */
int list_feed(struct list *list, const char *bytes, size_t n, struct err *err);

/* The input has ended; a line without newline is refused as cut off. */
int list_end(struct list *list, struct err *err);

#endif
