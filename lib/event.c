/* SPDX-License-Identifier: Apache-2.0 */
#include "event.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "envelope.h"
#include "json.h"
#include "member.h"

enum { DOCS_MAX = 16, DOC_MEMORY_MAX = 8 << 20 };

/*
 * A text being parsed: the input, or a string inside a document.  The ones
 * that are open form a chain, outermost first; each is kept for the next.
 */
struct text {
	struct event_reader *reader;
	struct json_parser *parser;
	struct text *inner;
	struct str bytes;	/* the piece of it that is being parsed */
	struct envelope_from from;	/* what its documents begin with */
	unsigned open_docs;
	unsigned next;		/* what the value to come is */
	unsigned depth;
	unsigned char nodes[JSON_DEPTH_MAX + 1];
};

struct event_reader {
	const struct event_handler *handler;
	void *ctx;
	struct text *input;	/* the outermost */
	struct text *text;	/* the innermost that is open */
	struct envelope docs[DOCS_MAX];
	unsigned doc_count;
	struct record record;	/* of the last event */
	struct err err;		/* why reading stopped */

	struct member_index members;
	struct event_invocation invocation;
	bool invoked;		/* its document may have an event */

	bool resync;		/* skip to a line that begins a document */
	bool line_start;
	char last;		/* byte of the input before the next */
};

static struct envelope *top_doc(struct event_reader *reader)
{
	return &reader->docs[reader->doc_count - 1];
}

static int stop(struct event_reader *reader, const char *code,
		const char *message)
{
	return err_set(&reader->err, code, "%s", message);
}

/* After a callback. */
static int go_on(struct event_reader *reader, int status)
{
	return status == 0 ? 0 :
		stop(reader, "Stopped", "stopped by the reader");
}

static int refuse(struct event_reader *reader, const struct envelope_from *from,
		  const struct err *err)
{
	return go_on(reader, reader->handler->refuse(reader->ctx, err, from));
}

/* Documents */

static int read_string(struct event_reader *reader, struct str string,
		       const struct envelope_from *from);

/* A document is complete. */
static int end_doc(struct event_reader *reader)
{
	struct envelope *doc = top_doc(reader);
	char id[RECORD_ID_SIZE + 1];
	struct record *record = &reader->record;
	struct str text;
	struct err err;

	switch (envelope_read(doc, record, id, &text, &err)) {
	case ENVELOPE_EVENT:
		return go_on(reader, reader->handler->record(
				reader->ctx, record, &doc->from));
	case ENVELOPE_TEXT:
		return read_string(reader, text, &doc->from);
	case ENVELOPE_NOTE:
		reader->handler->note(reader->ctx, text);
		return 0;
	case ENVELOPE_LIST:
		return 0;
	case ENVELOPE_REFUSED:
		break;
	}
	return refuse(reader, &doc->from, &err);
}

/* Parsing: each returns 0 to go on */

/*
 * Only the outermost document may be an invocation's, so that no message can
 * pass for one; event is a word of others too.
 */
static unsigned wrapper_member(const struct text *text, unsigned member)
{
	if (text != text->reader->input || text->depth != 1)
		return MEMBER_SKIP;
	if (member == MEMBER_EVENT)
		return text->reader->invoked ? MEMBER_DOC : MEMBER_SKIP;
	return member;
}

static int on_key(void *ctx, struct str name)
{
	struct text *text = ctx;
	unsigned in = text->nodes[text->depth];

	text->next = member_find(&text->reader->members, in, name);
	if ((in != MEMBER_DOC && in != MEMBER_CONTEXT) ||
	    text->next >= MEMBER_FIELD)
		return 0;
	if (text->next == MEMBER_INVOCATION || text->next == MEMBER_EVENT)
		text->next = wrapper_member(text, text->next);
	switch (text->next) {
	case MEMBER_INVOCATION:
	case MEMBER_CONTEXT:
	case MEMBER_SKIP:
		envelope_remember(top_doc(text->reader), name);
		break;
	case MEMBER_LIST:
	case MEMBER_DOC:
		top_doc(text->reader)->has_list = true;
		break;
	case MEMBER_S3:
		top_doc(text->reader)->has_s3 = true;
		break;
	case MEMBER_DETAIL:
		top_doc(text->reader)->has_detail = true;
		break;
	}
	return 0;
}

/* What a value is: named by the key before it, or an element of a list. */
static unsigned node_of_value(const struct text *text)
{
	return text->nodes[text->depth] == MEMBER_LIST ? MEMBER_DOC :
							 text->next;
}

/* After a document of the input, whatever became of it. */
static int end_input_document(struct event_reader *reader)
{
	reader->invoked = false;
	return go_on(reader, reader->handler->end(reader->ctx));
}

/* What the document that we are in, if any, came in. */
static const struct envelope_from *from_here(const struct text *text)
{
	return text->open_docs > 0 ? &top_doc(text->reader)->from :
				     &text->from;
}

static int refuse_value(struct text *text, const char *what)
{
	struct err err;

	err_set(&err, "NotAnS3Event", "not an S3 event: %s", what);
	return refuse(text->reader, from_here(text), &err);
}

static int refuse_scalar(struct text *text)
{
	if (refuse_value(text, "a value that is no object") < 0)
		return -1;
	return text->depth == 0 && text == text->reader->input ?
		end_input_document(text->reader) : 0;
}

/*
 * yajl gives a string where it stands in the text, or in a buffer of its own
 * if there were escapes in it or it came in two pieces.
 */
static struct str lasting(struct text *text, struct str value)
{
	if ((uintptr_t)value.p - (uintptr_t)text->bytes.p < text->bytes.n)
		return value;
	return arena_dup(&top_doc(text->reader)->arena, value);
}

static int set_invocation(struct text *text, unsigned node,
			  enum json_type type, struct str value)
{
	struct event_invocation *invocation = &text->reader->invocation;

	if (node == MEMBER_INVOCATION_DEADLINE ?
	    type != JSON_NUMBER || str_number(value, &invocation->deadline) < 0 :
	    type != JSON_STRING)
		return refuse_value(text, "an invocation with odd members");
	if (node == MEMBER_INVOCATION_DEADLINE)
		return 0;
	value = arena_dup(&top_doc(text->reader)->arena, value);
	*(node == MEMBER_INVOCATION_ID ? &invocation->id :
					 &invocation->trace) = value;
	return value.p ? 0 : stop(text->reader, "OutOfMemory",
				  "a document needs too much memory");
}

static int end_invocation(struct text *text)
{
	struct event_reader *reader = text->reader;

	if (reader->invocation.id.n == 0)
		return refuse_value(text, "an invocation without id");
	reader->invoked = true;
	return go_on(reader, reader->handler->invocation(reader->ctx,
							 &reader->invocation));
}

/* A scalar that is no field of a document. */
static int other_scalar(struct text *text, unsigned node, enum json_type type,
			struct str value)
{
	if (node >= MEMBER_INVOCATION_ID && node <= MEMBER_INVOCATION_TRACE)
		return set_invocation(text, node, type, value);
	if (node == MEMBER_DOC || (node == MEMBER_LIST && type != JSON_NULL))
		return refuse_scalar(text);
	return 0;
}

static int on_scalar(void *ctx, enum json_type type, struct str value)
{
	struct text *text = ctx;
	unsigned node = node_of_value(text), field = node - MEMBER_FIELD;
	struct envelope *doc;

	if (node < MEMBER_FIELD)
		return other_scalar(text, node, type, value);
	doc = top_doc(text->reader);
	if (type == JSON_STRING ||
	    (type == JSON_NUMBER && field == ENVELOPE_SIZE)) {
		value = lasting(text, value);
		if (!value.p)
			return stop(text->reader, "OutOfMemory",
				    "a document needs too much memory");
		envelope_set(doc, field, value);
	} else if (type == JSON_TRUE || type == JSON_FALSE) {
		envelope_set_odd(doc, field);
	} else {
		envelope_set(doc, field, STR_NONE);
	}
	return 0;
}

static int on_open(void *ctx, enum json_type type)
{
	struct text *text = ctx;
	struct event_reader *reader = text->reader;
	unsigned node = node_of_value(text);
	int status = 0;

	if (node == MEMBER_DOC && type == JSON_ARRAY) {
		node = MEMBER_LIST;
	} else if (node == MEMBER_DOC && reader->doc_count == DOCS_MAX) {
		status = refuse_value(text, "documents nested too deep");
		node = MEMBER_SKIP;
	} else if (node == MEMBER_DOC) {
		envelope_begin(&reader->docs[reader->doc_count],
			       from_here(text));
		reader->doc_count++;
		text->open_docs++;
	} else if (node == MEMBER_LIST && type == JSON_OBJECT) {
		status = refuse_value(text, "an object where a list belongs");
		node = MEMBER_SKIP;
	} else if (node == MEMBER_INVOCATION && type == JSON_OBJECT) {
		memset(&reader->invocation, 0, sizeof(reader->invocation));
	} else if (node >= MEMBER_INVOCATION && node < MEMBER_FIELD) {
		status = refuse_value(text, "an invocation with odd members");
		node = MEMBER_SKIP;
	} else if (node >= MEMBER_FIELD) {
		envelope_set_odd(top_doc(reader), node - MEMBER_FIELD);
		node = MEMBER_SKIP;
	}
	if (node == MEMBER_SKIP)
		json_skip(text->parser);
	text->nodes[++text->depth] = (unsigned char)node;
	text->next = MEMBER_SKIP;
	return status;
}

static int on_close(void *ctx, enum json_type type)
{
	struct text *text = ctx;
	int status = 0;

	(void)type;
	switch (text->nodes[text->depth--]) {
	case MEMBER_DOC:
		status = end_doc(text->reader);
		text->reader->doc_count--;
		text->open_docs--;
		break;
	case MEMBER_INVOCATION:
		status = end_invocation(text);
		break;
	}
	if (status == 0 && text->depth == 0 && text == text->reader->input)
		status = end_input_document(text->reader);
	return status;
}

static const struct json_handler handler = {
	.scalar = on_scalar,
	.key = on_key,
	.open = on_open,
	.close = on_close,
};

static void free_texts(struct text *text)
{
	for (struct text *inner; text; text = inner) {
		inner = text->inner;
		json_free(text->parser);
		free(text);
	}
}

static struct text *new_text(struct event_reader *reader)
{
	struct text *text = calloc(1, sizeof(*text));

	if (!text)
		return NULL;
	text->reader = reader;
	text->nodes[0] = MEMBER_LIST;	/* the text is one of documents */
	text->parser = json_new(&handler, text);
	if (text->parser)
		return text;
	free(text);
	return NULL;
}

/*
 * A document in a string: the body of a message.  If it is no JSON, only the
 * message that holds it is refused.
 */
static int read_string(struct event_reader *reader, struct str string,
		       const struct envelope_from *from)
{
	struct text *outer = reader->text;
	unsigned docs = reader->doc_count;
	struct text *text;
	struct err why, err;
	int status;

	if (!outer->inner)
		outer->inner = new_text(reader);
	text = outer->inner;
	if (!text)
		return stop(reader, "OutOfMemory", "out of memory");
	text->bytes = string;
	text->from = *from;
	text->depth = text->open_docs = 0;
	reader->text = text;
	status = json_whole(text->parser, string, &why);
	reader->text = outer;
	if (status == 0)
		return 0;
	if (json_reset(text->parser) < 0)
		return stop(reader, "OutOfMemory", "out of memory");
	reader->doc_count = docs;
	if (strcmp(why.code, "Stopped") == 0)
		return -1;
	err_set(&err, "NotAnS3Event", "a message that is no JSON: %s",
		why.message);
	return refuse(reader, from, &err);
}

struct event_reader *event_reader_new(const struct event_handler *user,
				      void *ctx)
{
	struct event_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->handler = user;
	reader->ctx = ctx;
	member_index_init(&reader->members);
	reader->input = reader->text = new_text(reader);
	for (unsigned i = 0; i < DOCS_MAX; i++)
		arena_init(&reader->docs[i].arena, DOC_MEMORY_MAX);
	if (reader->input)
		return reader;
	event_reader_free(reader);
	return NULL;
}

void event_reader_free(struct event_reader *reader)
{
	if (!reader)
		return;
	free_texts(reader->input);
	for (unsigned i = 0; i < DOCS_MAX; i++)
		arena_free(&reader->docs[i].arena);
	free(reader);
}

/* The document is no JSON, or too deep: refuse it and look for the next. */
static int give_up_document(struct event_reader *reader, struct err *why)
{
	static const struct envelope_from nowhere;

	if (strcmp(why->code, "Stopped") == 0)
		return -1;
	reader->doc_count = 0;
	reader->input->depth = reader->input->open_docs = 0;
	reader->text = reader->input;
	reader->resync = true;
	if (json_reset(reader->input->parser) < 0)
		return stop(reader, "OutOfMemory", "out of memory");
	if (refuse(reader, &nowhere, why) < 0)
		return -1;
	return end_input_document(reader);
}

/* How much to skip until a line begins a document. */
static size_t skip(struct event_reader *reader, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (reader->line_start && (bytes[i] == '{' || bytes[i] == '[')) {
			reader->resync = false;
			return i;
		}
		reader->line_start = bytes[i] == '\n';
	}
	return n;
}

/*
 * Where to look on after an error that was seen used bytes into the text.  What
 * breaks a document may be the brace that begins the next, so that one is
 * looked at again, but never the first byte of what was just read.
 */
static size_t look_on(struct event_reader *reader, const char *bytes,
		      size_t used, bool was_open)
{
	if (used == 0)
		used = 1;
	else if (used == 1 && !was_open)
		used = 2;
	reader->line_start = (used > 1 ? bytes[used - 2] : reader->last) == '\n';
	return used - 1;
}

int event_feed(struct event_reader *reader, const char *bytes, size_t n,
	       struct err *err)
{
	while (n > 0) {
		size_t used = reader->resync ? skip(reader, bytes, n) : 0;
		bool was_open = reader->input->depth > 0;

		bytes += used;
		n -= used;
		reader->input->bytes = (struct str){ bytes, n };
		if (n == 0 || json_feed(reader->input->parser, bytes, n,
					err) == 0)
			break;
		used = json_error_position(reader->input->parser);
		if (give_up_document(reader, err) < 0) {
			*err = reader->err;
			return -1;
		}
		used = look_on(reader, bytes, used, was_open);
		bytes += used;
		n -= used;
	}
	if (n > 0)
		reader->last = bytes[n - 1];
	for (unsigned i = 0; i < reader->doc_count; i++)
		if (envelope_keep(&reader->docs[i], bytes, n) < 0)
			return err_set(err, "OutOfMemory",
				       "a document needs too much memory");
	return 0;
}

int event_end(struct event_reader *reader, struct err *err)
{
	if (reader->resync || json_end(reader->input->parser, err) == 0 ||
	    give_up_document(reader, err) == 0)
		return 0;
	*err = reader->err;
	return -1;
}
