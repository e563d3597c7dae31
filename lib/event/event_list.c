/* SPDX-License-Identifier: Apache-2.0 */
#include "event/event_list.h"

#include <string.h>

#include "event/envelope.h"
#include "record/object_name.h"
#include "record/record.h"

enum { LINE_MAX_BYTES = 4096 };

static const struct envelope_from nowhere;

void event_list_init(struct event_list *list, const struct event_handler *handler,
	       void *ctx)
{
	list->handler = handler;
	list->is_long = false;
	list->ctx = ctx;
	list->begun = false;
	buf_init(&list->line, LINE_MAX_BYTES);
}

void event_list_free(struct event_list *list)
{
	buf_free(&list->line);
}

static const char *read_uri(struct str line, struct record *record)
{
	*record = (struct record){ .bucket = STR_NONE };
	if (!object_name_url(line, &record->bucket, &record->key))
		return "not s3://bucket/key";
	return envelope_fault(record);
}

static int refuse(struct event_list *list, const char *what, struct str line)
{
	struct err err;

	err_set(&err, "InvalidEvent", "%s: %.*s", what, STR_FMT(line));
	return list->handler->refuse(list->ctx, &err, &nowhere);
}

static int read_line(struct event_list *list, struct str line)
{
	char id[RECORD_ID_SIZE + 1];
	struct record record;
	const char *fault;

	if (!list->begun)
		line = envelope_skip_mark(line);
	list->begun = true;
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	fault = list->line.failed ? "a line too long for s3://bucket/key" :
				    read_uri(line, &record);
	if (fault)
		return refuse(list, fault, line);
	record_id(&record, id);
	record.id = (struct str){ id, RECORD_ID_SIZE };
	return list->handler->record(list->ctx, &record, &nowhere);
}

int event_list_feed(struct event_list *list, const char *bytes, size_t n, struct err *err)
{
	while (n > 0) {
		size_t before = list->line.n;
		const char *end = memchr(bytes, '\n', n);
		size_t used = end ? (size_t)(end - bytes) : n;

		buf_put(&list->line, bytes, used);
		if (list->line.failed && used <= LINE_MAX_BYTES - before &&
		    !list->is_long)
			return err_memory(err);
		list->is_long = list->line.failed;
		if (!end)
			return 0;
		if (read_line(list, buf_str(&list->line)) < 0)
			return err_set(err, ERR_STOPPED,
				       "stopped by the reader");
		buf_reset(&list->line);
		list->is_long = false;
		bytes += used + 1;
		n -= used + 1;
	}
	return 0;
}

int event_list_end(struct event_list *list, struct err *err)
{
	struct str line = buf_str(&list->line);

	if ((line.n > 0 || list->line.failed) &&
	    refuse(list, "a line that is cut off", line) < 0)
		return err_set(err, ERR_STOPPED, "stopped by the reader");
	if (list->handler->end(list->ctx) < 0)
		return err_set(err, ERR_STOPPED, "stopped by the reader");
	return 0;
}
