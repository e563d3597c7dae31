/* SPDX-License-Identifier: Apache-2.0 */
#include "list.h"

#include <string.h>

#include "envelope.h"
#include "record.h"

enum { LINE_MAX_BYTES = 4096 };

static const struct envelope_from nowhere;

void list_init(struct list *list, const struct event_handler *handler,
	       void *ctx)
{
	list->handler = handler;
	list->ctx = ctx;
	buf_init(&list->line, LINE_MAX_BYTES);
}

void list_free(struct list *list)
{
	buf_free(&list->line);
}

static const char *read_uri(struct str line, struct record *record)
{
	struct str rest = line, scheme = STR("s3://");

	if (!str_has_prefix(line, scheme))
		return "not s3://bucket/key";
	rest.p += scheme.n;
	rest.n -= scheme.n;
	*record = (struct record){ .bucket = str_next(&rest, '/') };
	record->key = rest;
	return envelope_fault(record);
}

static int refuse(struct list *list, const char *what, struct str line)
{
	struct err err;

	err_set(&err, "InvalidEvent", "%s: %.*s", what, STR_FMT(line));
	return list->handler->refuse(list->ctx, &err, &nowhere);
}

static int read_line(struct list *list, struct str line)
{
	char id[RECORD_ID_SIZE + 1];
	struct record record;
	const char *fault;

	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	fault = list->line.failed ? "a line longer than a URI may be" :
				    read_uri(line, &record);
	if (fault)
		return refuse(list, fault, line);
	record_id(&record, id);
	record.id = (struct str){ id, RECORD_ID_SIZE };
	return list->handler->record(list->ctx, &record, &nowhere);
}

int list_feed(struct list *list, const char *bytes, size_t n, struct err *err)
{
	while (n > 0) {
		const char *end = memchr(bytes, '\n', n);
		size_t used = end ? (size_t)(end - bytes) : n;

		buf_put(&list->line, bytes, used);
		if (!end)
			return 0;
		if (read_line(list, buf_str(&list->line)) < 0)
			return err_set(err, "Stopped",
				       "stopped by the reader");
		buf_reset(&list->line);
		bytes += used + 1;
		n -= used + 1;
	}
	return 0;
}

int list_end(struct list *list, struct err *err)
{
	struct str line = buf_str(&list->line);

	if ((line.n > 0 || list->line.failed) &&
	    refuse(list, "a line that is cut off", line) < 0)
		return err_set(err, "Stopped", "stopped by the reader");
	if (list->handler->end(list->ctx) < 0)
		return err_set(err, "Stopped", "stopped by the reader");
	return 0;
}
