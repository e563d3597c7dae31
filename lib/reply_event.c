/* SPDX-License-Identifier: Apache-2.0 */
#include "reply_event.h"

#include <stdlib.h>
#include <string.h>

#include "envelope.h"
#include "event.h"
#include "json.h"

enum { TEXT_MAX = 16 << 20 };

/* Members that count, and where: in the event, or in what its lists hold. */
enum name { OTHER, RECORDS, TASKS, SCHEMA, INVOCATION, MESSAGE_ID, SOURCE,
	    SOURCE_ARN, TASK_ID };

static const struct {
	const char *text;
	unsigned depth;
} names[] = {
	[RECORDS] = { "Records", 1 },
	[TASKS] = { "tasks", 1 },
	[SCHEMA] = { "invocationSchemaVersion", 1 },
	[INVOCATION] = { "invocationId", 1 },
	[MESSAGE_ID] = { "messageId", 3 },
	[SOURCE] = { "eventSource", 3 },
	[SOURCE_ARN] = { "eventSourceARN", 3 },
	[TASK_ID] = { "taskId", 3 },
};

/*
 * Depth 1 is inside the event, 2 inside a list of it, 3 inside an element.
 */
struct reading {
	struct reply_event *event;
	unsigned depth;
	enum name name;		/* of the value to come */
	enum name list;		/* that we are in */
	struct str id;		/* of the element */
	bool is_sqs, is_fifo;
};

static int on_key(void *ctx, struct str name)
{
	struct reading *r = ctx;

	r->name = OTHER;
	for (unsigned i = RECORDS; i <= TASK_ID; i++)
		if (r->depth == names[i].depth && str_is(name, names[i].text))
			r->name = i;
	return 0;
}

/* An id that is lost would make its message pass for done. */
static int keep(struct reading *r, struct str *member, struct str text)
{
	*member = arena_dup(&r->event->arena, text);
	return member->p ? 0 : -1;
}

static int on_scalar(void *ctx, enum json_type type, struct str text)
{
	struct reading *r = ctx;

	if (type != JSON_STRING || (r->depth != 1 && r->depth != 3))
		return 0;
	switch (r->name) {
	case SCHEMA:
		return keep(r, &r->event->schema, text);
	case INVOCATION:
		return keep(r, &r->event->invocation, text);
	case MESSAGE_ID:
	case TASK_ID:
		return (r->list == TASKS) == (r->name == TASK_ID) ?
			keep(r, &r->id, text) : 0;
	case SOURCE:
		r->is_sqs = str_is(text, "aws:sqs");
		break;
	case SOURCE_ARN:
		r->is_fifo = str_has_suffix(text, STR(".fifo"));
		break;
	default:
		break;
	}
	return 0;
}

static int on_open(void *ctx, enum json_type type)
{
	struct reading *r = ctx;

	if (r->depth == 1)
		r->list = type == JSON_ARRAY ? r->name : OTHER;
	if (r->depth == 2) {
		r->id = STR_NONE;
		r->is_sqs = r->is_fifo = false;
	}
	r->depth++;
	r->name = OTHER;
	return 0;
}

static int add_unit(struct reply_event *event, struct str id)
{
	if (event->count == event->size) {
		size_t size = event->size ? 2 * event->size : 16;
		struct reply_unit *units =
			realloc(event->units, size * sizeof(*units));

		if (!units)
			return -1;
		event->units = units;
		event->size = size;
	}
	event->units[event->count++] = (struct reply_unit){
		.id = id, .expected = event->kind == REPLY_BATCH };
	return 0;
}

/* The first decides who asks. */
static int on_close(void *ctx, enum json_type type)
{
	struct reading *r = ctx;
	enum reply_kind kind = r->list == TASKS ? REPLY_BATCH : REPLY_SQS;

	(void)type;
	r->name = OTHER;
	if (--r->depth != 2 || !r->id.p ||
	    !(kind == REPLY_BATCH || (r->list == RECORDS && r->is_sqs)) ||
	    (r->event->count > 0 && kind != r->event->kind))
		return 0;
	r->event->kind = kind;
	r->event->is_fifo = r->is_fifo;
	return add_unit(r->event, r->id);
}

/* How many records each message should give: what s3ev-split will find. */

static int on_record(void *ctx, const struct record *record,
		     const struct envelope_from *from)
{
	struct reply_event *event = ctx;
	struct reply_unit *unit = reply_event_find(event, from->sqs);

	(void)record;
	if (unit)
		unit->expected++;
	else
		event->others++;
	return 0;
}

static int on_refuse(void *ctx, const struct err *err,
		     const struct envelope_from *from)
{
	(void)err;
	return on_record(ctx, NULL, from);
}

static void on_note(void *ctx, struct str what)
{
	(void)ctx;
	(void)what;
}

static int on_invocation(void *ctx, const struct event_invocation *invocation)
{
	(void)ctx;
	(void)invocation;
	return 0;
}

static int on_end(void *ctx)
{
	(void)ctx;
	return 0;
}

static int count_records(struct reply_event *event, struct str text,
			 struct err *err)
{
	static const struct event_handler handler = {
		.record = on_record, .refuse = on_refuse, .note = on_note,
		.invocation = on_invocation, .end = on_end,
	};
	struct event_reader *reader = event_reader_new(&handler, event);
	int status;

	if (!reader)
		return err_set(err, "OutOfMemory", "out of memory");
	status = event_feed(reader, text.p, text.n, err);
	event_reader_free(reader);
	return status;
}

int reply_event_read(struct reply_event *event, struct str text,
		      struct err *err)
{
	static const struct json_handler handler = {
		.scalar = on_scalar, .key = on_key,
		.open = on_open, .close = on_close,
	};
	struct reading reading = { .event = event };
	struct json_parser *parser = json_new(&handler, &reading);
	int status;

	reply_event_free(event);
	arena_init(&event->arena, TEXT_MAX);
	if (!parser)
		return err_set(err, "OutOfMemory", "out of memory");
	status = json_whole(parser, text, err);
	json_free(parser);
	if (status < 0 || event->kind != REPLY_SQS)
		return status;
	return count_records(event, text, err);
}

void reply_event_free(struct reply_event *event)
{
	arena_free(&event->arena);
	free(event->units);
	memset(event, 0, sizeof(*event));
}

/*
 * Records come back much as they went, so the search begins where the last one
 * ended.
 */
struct reply_unit *reply_event_find(struct reply_event *event,
				      struct str id)
{
	for (size_t i = 0; id.p && i < event->count; i++) {
		size_t at = (event->found + i) % event->count;

		if (str_eq(event->units[at].id, id)) {
			event->found = at;
			return &event->units[at];
		}
	}
	return NULL;
}
