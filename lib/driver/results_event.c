/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/results_event.h"

#include <stdlib.h>
#include <string.h>

#include "event/envelope.h"
#include "event/event.h"
#include "format/json.h"

enum { TEXT_MAX = 16 << 20 };

/* The members that are read, and at which depth. */
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
	struct results_event *event;
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

/* Losing an id would acknowledge its message: fail instead. */
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

static int add_unit(struct results_event *event, struct str id)
{
	if (event->count == event->size) {
		size_t size = event->size ? 2 * event->size : 16;
		struct results_unit *units =
			realloc(event->units, size * sizeof(*units));

		if (!units)
			return -1;
		event->units = units;
		event->size = size;
	}
	event->units[event->count++] = (struct results_unit){
		.id = id, .expected = event->kind == RESULTS_TASKS };
	return 0;
}

/* The first message or task decides who asks. */
static int on_close(void *ctx, enum json_type type)
{
	struct reading *r = ctx;
	enum results_kind kind = r->list == TASKS ? RESULTS_TASKS : RESULTS_MESSAGES;

	(void)type;
	r->name = OTHER;
	if (--r->depth != 2 || !r->id.p ||
	    !(kind == RESULTS_TASKS || (r->list == RECORDS && r->is_sqs)) ||
	    (r->event->count > 0 && kind != r->event->kind))
		return 0;
	r->event->kind = kind;
	r->event->is_fifo = r->is_fifo;
	return add_unit(r->event, r->id);
}

/* Records, as s3ev-split finds them */

static int on_record(void *ctx, const struct record *record,
		     const struct envelope_from *from)
{
	struct results_event *event = ctx;
	struct results_unit *unit = results_event_find(event, from->sqs);

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

int results_event_count(struct results_event *event, struct str text,
			struct err *err)
{
	static const struct event_handler handler = {
		.record = on_record, .refuse = on_refuse, .note = on_note,
		.invocation = on_invocation, .end = on_end,
	};
	struct event_reader *reader = event_reader_new(&handler, event);
	int status;

	if (!reader)
		return err_memory(err);
	status = event_feed(reader, text.p, text.n, err);
	event_reader_free(reader);
	return status;
}

int results_event_read(struct results_event *event, struct str text,
		      struct err *err)
{
	static const struct json_handler handler = {
		.scalar = on_scalar, .key = on_key,
		.open = on_open, .close = on_close,
	};
	struct reading reading = { .event = event };
	struct json_parser *parser = json_new(&handler, &reading);
	int status;

	results_event_free(event);
	arena_init(&event->arena, TEXT_MAX);
	if (!parser)
		return err_memory(err);
	status = json_whole(parser, text, err);
	json_free(parser);
	return status;
}

int results_event_take(struct results_event *event, const struct str *ids,
		       size_t n, struct err *err)
{
	results_event_free(event);
	arena_init(&event->arena, TEXT_MAX);
	event->kind = RESULTS_MESSAGES;
	for (size_t i = 0; i < n; i++) {
		struct str id = arena_dup(&event->arena, ids[i]);

		if (!id.p || add_unit(event, id) < 0)
			return err_memory(err);
	}
	return 0;
}

void results_event_free(struct results_event *event)
{
	arena_free(&event->arena);
	free(event->units);
	memset(event, 0, sizeof(*event));
}

/* Records come back much in their order: begin where the last search ended. */
struct results_unit *results_event_find(struct results_event *event,
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
