/* SPDX-License-Identifier: Apache-2.0 */
#include "event/event.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "event/envelope.h"
#include "event/event_names.h"
#include "format/json.h"

enum { DOCS_MAX = 16, DOC_MEMORY_MAX = 8 << 20, DOC_BLOCK_MAX = 8 << 10 };

/*
 * A text being parsed: the input, or a string inside a document.  Open texts
 * form a chain, outermost first.  A text that ends is kept in the chain, to be
 * used for the next string at its depth.
 */
struct text {
	struct event_reader *reader;
	struct json_parser *parser;
	struct text *inner;
	struct str bytes;	/* the piece of it that is being parsed */
	struct envelope_from from;	/* the messages around its documents */
	unsigned open_docs;
	unsigned next;		/* the node of the next value */
	unsigned depth;
	unsigned char nodes[JSON_DEPTH_MAX + 1];

	/*
	 * An object whose text is kept, such as a body that is no string: it
	 * begins at capture in this piece, SIZE_MAX if there is none, after
	 * what the buffer captured has of it from earlier pieces.
	 */
	size_t capture;
	unsigned captured_field;
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

	struct event_names_index members;
	struct event_invocation invocation;
	bool invoked;		/* "event" is now a document of its */

	struct buf captured;	/* owned; of the input's pieces */
	unsigned mark;		/* bytes of a byte order mark that were read */
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

/* Go on after a callback unless it asked to stop. */
static int go_on(struct event_reader *reader, int status)
{
	return status == 0 ? 0 :
		stop(reader, ERR_STOPPED, "stopped by the reader");
}

static int refuse(struct event_reader *reader, const struct envelope_from *from,
		  const struct err *err)
{
	return go_on(reader, reader->handler->refuse(reader->ctx, err, from));
}

/* Documents */

static int read_string(struct event_reader *reader, struct str string,
		       const struct envelope_from *from, unsigned node);

/* A record for each key of a list. */
static int give_keys(struct event_reader *reader, struct envelope *doc)
{
	char id[RECORD_ID_SIZE + 1];
	struct err err;
	int status = 0;

	while (doc->keys && status == 0)
		status = envelope_read_key(doc, &reader->record, id, &err) ==
			 ENVELOPE_EVENT ?
			go_on(reader, reader->handler->record(reader->ctx,
				&reader->record, &doc->from)) :
			refuse(reader, &doc->from, &err);
	return status;
}

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
		return read_string(reader, text, &doc->from, EVENT_NAME_DOC);
	case ENVELOPE_NOTE:
		reader->handler->note(reader->ctx, text);
		return 0;
	case ENVELOPE_KEYS:
		return give_keys(reader, doc);
	case ENVELOPE_LIST:
		return 0;
	case ENVELOPE_REFUSED:
		break;
	}
	return refuse(reader, &doc->from, &err);
}

/* Parsing: these return 0 to go on, -1 to stop */

/*
 * Accept "invocation" and "event" only in the outermost document, so that no
 * message can pass for an invocation.  "event" counts only after an invocation,
 * because other documents have a member of that name.
 */
static unsigned wrapper_member(const struct text *text, unsigned member)
{
	if (text != text->reader->input || text->depth != 1)
		return EVENT_NAME_SKIP;
	if (member == EVENT_NAME_EVENT)
		return text->reader->invoked ? EVENT_NAME_DOC : EVENT_NAME_SKIP;
	return member;
}

static int on_key(void *ctx, struct str name)
{
	struct text *text = ctx;
	unsigned in = text->nodes[text->depth];

	text->next = event_names_find(&text->reader->members, in, name);
	if ((in != EVENT_NAME_DOC && in != EVENT_NAME_CONTEXT) ||
	    text->next >= EVENT_NAME_FIELD)
		return 0;
	if (text->next == EVENT_NAME_INVOCATION || text->next == EVENT_NAME_EVENT)
		text->next = wrapper_member(text, text->next);
	switch (text->next) {
	case EVENT_NAME_CONTEXT:
		top_doc(text->reader)->has_context = true;
		/* fall through */
	case EVENT_NAME_INVOCATION:
	case EVENT_NAME_OTHER_BUCKET:
	case EVENT_NAME_OTHER_OBJECT:
	case EVENT_NAME_KEYS:
	case EVENT_NAME_SKIP:
		envelope_remember(top_doc(text->reader), name);
		break;
	case EVENT_NAME_LIST:
	case EVENT_NAME_DOC:
		top_doc(text->reader)->has_list = true;
		break;
	case EVENT_NAME_S3:
		top_doc(text->reader)->has_s3 = true;
		break;
	case EVENT_NAME_DETAIL:
		top_doc(text->reader)->has_detail = true;
		break;
	}
	return 0;
}

/* The node of a value: by the key before it, or as an element of a list. */
static unsigned node_of_value(const struct text *text)
{
	static const unsigned char elements[EVENT_NAME_FIELD] = {
		[EVENT_NAME_LIST] = EVENT_NAME_DOC,
		[EVENT_NAME_KEYS] = EVENT_NAME_LISTED_KEY,
		[EVENT_NAME_THREATS] = EVENT_NAME_THREAT,
	};
	unsigned element = elements[text->nodes[text->depth]];

	return element ? element : text->next;
}

/* A document of the input has ended, accepted or refused. */
static int end_input_document(struct event_reader *reader)
{
	reader->invoked = false;
	return go_on(reader, reader->handler->end(reader->ctx));
}

/* The messages around the current document. */
static const struct envelope_from *from_here(const struct text *text)
{
	return text->open_docs > 0 ? &top_doc(text->reader)->from :
				     &text->from;
}

static const char no_key[] = "a list of keys with what is none";

static int refuse_value(struct text *text, const char *what)
{
	struct err err;

	err_set(&err, "NotAnS3Event", "not an S3 event: %s", what);
	return refuse(text->reader, from_here(text), &err);
}

static int refuse_scalar(struct text *text)
{
	if (refuse_value(text, "a value that is not an object") < 0)
		return -1;
	return text->depth == 0 && text == text->reader->input ?
		end_input_document(text->reader) : 0;
}

/*
 * No room is left for the document: either it is longer than we take, then only
 * it is refused, or memory is out.
 */
static int no_room(struct event_reader *reader, const struct arena *arena,
		   size_t n)
{
	if (n > DOC_MEMORY_MAX - DOC_BLOCK_MAX ||
	    arena->total > DOC_MEMORY_MAX - DOC_BLOCK_MAX - n)
		return stop(reader, ERR_JSON,
			    "a document that needs more than 8 MiB");
	return stop(reader, ERR_MEMORY, "out of memory");
}

/*
 * Make a string last as long as its document.  yajl returns a pointer into the
 * text, or into a buffer of its own if the string has escapes or came in two
 * pieces; only the latter must be copied.
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
	size_t n = value.n;

	if (node == EVENT_NAME_INVOCATION_DEADLINE ?
	    type != JSON_NUMBER || str_number(value, &invocation->deadline) < 0 :
	    type != JSON_STRING)
		return refuse_value(text, "an invocation with invalid members");
	if (node == EVENT_NAME_INVOCATION_DEADLINE)
		return 0;
	value = arena_dup(&top_doc(text->reader)->arena, value);
	*(node == EVENT_NAME_INVOCATION_ID ? &invocation->id :
					 &invocation->trace) = value;
	return value.p ? 0 : no_room(text->reader,
				     &top_doc(text->reader)->arena, n);
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

static inline int set_text(struct text *text, unsigned field, struct str value)
{
	struct envelope *doc = top_doc(text->reader);
	size_t n = value.n;

	value = lasting(text, value);
	if (!value.p)
		return no_room(text->reader, &doc->arena, n);
	envelope_set(doc, field, value);
	return 0;
}

/*
 * A document as a string within a document, or the detail of one.  The string
 * must outlast this callback when the detail's members are borrowed from it.
 */
static int read_value(struct text *text, unsigned node, struct str value)
{
	struct event_reader *reader = text->reader;
	struct envelope_from from = *from_here(text);
	int status;

	if (node == EVENT_NAME_DETAIL) {
		size_t n = value.n;

		value = arena_dup(&top_doc(reader)->arena, value);
		if (!value.p)
			return no_room(reader, &top_doc(reader)->arena, n);
	}
	status = read_string(reader, value, &from, node);
	return status == 0 && text->depth == 0 && text == reader->input ?
		end_input_document(reader) : status;
}

/* A scalar that is not a field of a document. */
static int other_scalar(struct text *text, unsigned node, enum json_type type,
			struct str value)
{
	if (node >= EVENT_NAME_INVOCATION_ID && node <= EVENT_NAME_INVOCATION_TRACE)
		return set_invocation(text, node, type, value);
	if ((node == EVENT_NAME_DOC || node == EVENT_NAME_DETAIL) &&
	    type == JSON_STRING && envelope_may_be_json(value))
		return read_value(text, node, value);
	if (node == EVENT_NAME_DOC || (node == EVENT_NAME_LIST && type != JSON_NULL))
		return refuse_scalar(text);
	if (node == EVENT_NAME_LISTED_KEY && type != JSON_STRING)
		return refuse_value(text, no_key);
	if (type != JSON_STRING)
		return 0;
	/* One threat of several is enough. */
	if (node == EVENT_NAME_THREAT_NAME)
		return envelope_has(top_doc(text->reader), ENVELOPE_THREAT) ?
			0 : set_text(text, ENVELOPE_THREAT, value);
	if (node == EVENT_NAME_OTHER_BUCKET)
		return set_text(text, ENVELOPE_OTHER_BUCKET, value);
	if ((node == EVENT_NAME_KEYS || node == EVENT_NAME_LISTED_KEY) &&
	    envelope_add_key(top_doc(text->reader), value) < 0)
		return no_room(text->reader, &top_doc(text->reader)->arena,
			       value.n);
	return 0;
}

static bool is_number_field(unsigned field)
{
	return field == ENVELOPE_SIZE || field == ENVELOPE_OTHER_SIZE ||
	       field == ENVELOPE_TIMESTAMP;
}

static int on_scalar(void *ctx, enum json_type type, struct str value)
{
	struct text *text = ctx;
	unsigned node = node_of_value(text), field = node - EVENT_NAME_FIELD;
	struct envelope *doc;

	if (node < EVENT_NAME_FIELD)
		return other_scalar(text, node, type, value);
	doc = top_doc(text->reader);
	if (type == JSON_STRING ||
	    (type == JSON_NUMBER && is_number_field(field)))
		return set_text(text, field, value);
	if (field == ENVELOPE_BASE64) {
		envelope_set(doc, field, type == JSON_TRUE ? STR("true") :
			     STR_NONE);
	} else if (type == JSON_TRUE || type == JSON_FALSE) {
		envelope_set_odd(doc, field);
	} else {
		envelope_set(doc, field, STR_NONE);
	}
	return 0;
}

/*
 * The fields that hold another document, as a string or as an object, and those
 * whose members are seldom asked for.
 */
static bool is_captured(unsigned node)
{
	const uint64_t captured = UINT64_C(1) << ENVELOPE_BODY |
				  UINT64_C(1) << ENVELOPE_MESSAGE |
				  UINT64_C(1) << ENVELOPE_SNS_MESSAGE |
				  UINT64_C(1) << ENVELOPE_RESPONSE |
				  UINT64_C(1) << ENVELOPE_IDENTITY;

	return captured >> (node - EVENT_NAME_FIELD) & 1;
}

static void begin_capture(struct text *text, unsigned node)
{
	text->captured_field = node - EVENT_NAME_FIELD;
	text->capture = json_position(text->parser) - 1;
	buf_reset(&text->reader->captured);
}

/* What was captured becomes the text of the field, unless it is empty. */
static int end_capture(struct text *text)
{
	size_t end = json_position(text->parser);
	struct buf *before = &text->reader->captured;
	struct str whole = { text->bytes.p + text->capture,
			     end - text->capture }, inside;

	text->capture = SIZE_MAX;
	if (text == text->reader->input && before->n > 0) {
		buf_put(before, text->bytes.p, end);
		whole = buf_str(before);
	}
	inside = str_trim((struct str){ whole.p + 1, whole.n - 2 }, " \t\r\n");
	if (inside.n == 0) {
		envelope_set_odd(top_doc(text->reader), text->captured_field);
		return 0;
	}
	if (before->failed)
		return no_room(text->reader, &top_doc(text->reader)->arena,
			       DOC_MEMORY_MAX);
	return set_text(text, text->captured_field, whole);
}

/* The piece of the input ends: keep what it has of the body. */
static void keep_capture(struct text *text)
{
	if (text->capture == SIZE_MAX)
		return;
	buf_put(&text->reader->captured, text->bytes.p + text->capture,
		text->bytes.n - text->capture);
	text->capture = 0;
}

static int on_open(void *ctx, enum json_type type)
{
	struct text *text = ctx;
	struct event_reader *reader = text->reader;
	unsigned node = node_of_value(text);
	int status = 0;

	if (node == EVENT_NAME_DOC && type == JSON_ARRAY) {
		node = EVENT_NAME_LIST;
	} else if (node == EVENT_NAME_DOC && reader->doc_count == DOCS_MAX) {
		status = refuse_value(text, "documents nested too deep");
		node = EVENT_NAME_SKIP;
	} else if (node == EVENT_NAME_DOC) {
		envelope_begin(&reader->docs[reader->doc_count],
			       from_here(text));
		reader->doc_count++;
		text->open_docs++;
	} else if (node == EVENT_NAME_LIST && type == JSON_OBJECT) {
		status = refuse_value(text, "an object where a list belongs");
		node = EVENT_NAME_SKIP;
	} else if (node == EVENT_NAME_LISTED_KEY) {
		status = refuse_value(text, no_key);
		node = EVENT_NAME_SKIP;
	} else if (node == EVENT_NAME_INVOCATION && type == JSON_OBJECT) {
		memset(&reader->invocation, 0, sizeof(reader->invocation));
	} else if (node >= EVENT_NAME_INVOCATION && node < EVENT_NAME_FIELD) {
		status = refuse_value(text,
				      "an invocation with invalid members");
		node = EVENT_NAME_SKIP;
	} else if (node >= EVENT_NAME_FIELD && is_captured(node)) {
		begin_capture(text, node);
		node = EVENT_NAME_CAPTURED;
		json_skip(text->parser);
	} else if (node >= EVENT_NAME_FIELD) {
		envelope_set_odd(top_doc(reader), node - EVENT_NAME_FIELD);
		node = EVENT_NAME_SKIP;
	}
	if (node == EVENT_NAME_SKIP)
		json_skip(text->parser);
	text->nodes[++text->depth] = (unsigned char)node;
	text->next = EVENT_NAME_SKIP;
	return status;
}

static int on_close(void *ctx, enum json_type type)
{
	struct text *text = ctx;
	int status = 0;

	(void)type;
	switch (text->nodes[text->depth--]) {
	case EVENT_NAME_DOC:
		status = end_doc(text->reader);
		text->reader->doc_count--;
		text->open_docs--;
		break;
	case EVENT_NAME_CAPTURED:
		status = end_capture(text);
		break;
	case EVENT_NAME_INVOCATION:
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
	text->nodes[0] = EVENT_NAME_LIST;	/* of documents */
	text->capture = SIZE_MAX;
	text->parser = json_new(&handler, text);
	if (text->parser)
		return text;
	free(text);
	return NULL;
}

/*
 * Read what is in a string: a document, the body of a message, or the detail of
 * the document at hand.  If it is not JSON, only the message that holds it is
 * refused.
 */
static int read_string(struct event_reader *reader, struct str string,
		       const struct envelope_from *from, unsigned node)
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
		return stop(reader, ERR_MEMORY, "out of memory");
	string = envelope_skip_mark(string);
	text->bytes = string;
	text->from = *from;
	text->depth = text->open_docs = 0;
	text->capture = SIZE_MAX;
	text->nodes[0] = node == EVENT_NAME_DOC ? EVENT_NAME_LIST :
						  EVENT_NAME_SKIP;
	text->next = node;
	reader->text = text;
	status = json_whole(text->parser, string, &why);
	reader->text = outer;
	if (status == 0)
		return 0;
	if (json_reset(text->parser) < 0)
		return stop(reader, ERR_MEMORY, "out of memory");
	reader->doc_count = docs;
	if (err_is(&why, ERR_STOPPED))
		return -1;
	if (err_is(&why, ERR_MEMORY))
		return stop(reader, ERR_MEMORY, "out of memory");
	err_set(&err, "NotAnS3Event", "a message that is not JSON: %s",
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
	event_names_index_init(&reader->members);
	buf_init(&reader->captured, DOC_MEMORY_MAX);
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
	buf_free(&reader->captured);
	for (unsigned i = 0; i < DOCS_MAX; i++)
		arena_free(&reader->docs[i].arena);
	free(reader);
}

void event_reader_keys(struct event_reader *reader, enum key_form form)
{
	for (unsigned i = 0; i < DOCS_MAX; i++)
		reader->docs[i].form = form;
}

/* The document is not JSON, or too deep: refuse it and look for the next. */
static int give_up_document(struct event_reader *reader, struct err *why)
{
	static const struct envelope_from nowhere;

	if (err_is(why, ERR_MEMORY))
		return stop(reader, ERR_MEMORY, "out of memory");
	if (err_is(why, ERR_STOPPED)) {
		if (!err_is(&reader->err, ERR_JSON))
			return -1;
		*why = reader->err;
	}
	reader->doc_count = 0;
	reader->input->capture = SIZE_MAX;
	reader->input->depth = reader->input->open_docs = 0;
	reader->text = reader->input;
	reader->resync = true;
	if (json_reset(reader->input->parser) < 0)
		return stop(reader, ERR_MEMORY, "out of memory");
	if (refuse(reader, &nowhere, why) < 0)
		return -1;
	return end_input_document(reader);
}

/* How many bytes to skip up to a line that begins a document. */
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
 * Where to resume after an error, which was seen after used bytes.  The byte
 * that breaks a document may be the brace that begins the next, so it is read
 * again.  A byte that failed to begin a document is not, or reading would never
 * advance.
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

static const char byte_order_mark[] = "\xEF\xBB\xBF";

enum { MARK_SIZE = sizeof(byte_order_mark) - 1 };

/* Was a byte refused where a token could begin?  Inside one, why is another. */
static bool begins_no_token(const struct err *why)
{
	return strstr(why->message, "invalid char in json text") != NULL;
}

/*
 * May the byte that was refused begin a mark before a document?  Then it is
 * read on by read_mark(), and nothing is wrong yet.
 */
static bool begins_mark(const struct event_reader *reader, const char *bytes,
			size_t n, size_t used, const struct err *why)
{
	size_t at = used > 0 ? used - 1 : 0;

	return begins_no_token(why) && reader->input->depth == 0 && at < n &&
	       bytes[at] == byte_order_mark[0];
}

/*
 * How many bytes belong to a mark.  *is_broken says that one began and did not
 * go on as it should.
 */
static size_t read_mark(struct event_reader *reader, const char *bytes,
			size_t n, bool *is_broken)
{
	size_t used = 0;

	while (used < n && reader->mark < MARK_SIZE &&
	       bytes[used] == byte_order_mark[reader->mark]) {
		reader->mark++;
		used++;
	}
	if (used == n)
		return used;
	*is_broken = reader->mark < MARK_SIZE;
	reader->mark = 0;
	return used;
}

/*
 * Name what the refused byte shows.  FE and FF are in no UTF-8, and begin UTF-16
 * that has a mark.  What is behind the byte may not be here yet.
 */
static void name_input(const char *bytes, size_t n, size_t used,
			  bool is_inside, struct err *why)
{
	size_t at = used > 0 ? used - 1 : 0;

	if (at >= n || !begins_no_token(why))
		return;
	if (!is_inside && (bytes[at] == '\xFF' || bytes[at] == '\xFE'))
		err_set(why, ERR_JSON,
			"the input is UTF-16, with a byte order mark");
	else if (bytes[at] == '\0')
		err_set(why, ERR_JSON,
			"a NUL between the tokens: is the input UTF-16?");
	else if (!is_inside && bytes[at] == 's')
		err_set(why, ERR_JSON,
			"an s where JSON should begin: is it a line of "
			"s3://bucket/key, which -l reads?");
}

/* Text that is borrowed from the piece, which ends here. */
static int keep_documents(struct event_reader *reader, struct str piece,
			  struct err *err)
{
	keep_capture(reader->input);
	for (unsigned i = 0; i < reader->doc_count; i++) {
		struct envelope *doc = &reader->docs[i];

		if (envelope_keep(doc, piece.p, piece.n) == 0)
			continue;
		no_room(reader, &doc->arena, piece.n);
		*err = reader->err;
		reader->line_start = reader->last == '\n';
		return give_up_document(reader, err);
	}
	return 0;
}

static int refuse_mark(struct event_reader *reader, struct err *err)
{
	err_set(err, ERR_JSON, "bytes that are neither JSON nor a byte order "
		"mark");
	reader->line_start = false;
	return give_up_document(reader, err);
}

/* Read on after an error.  Returns how many bytes are done with, or -1. */
static ptrdiff_t recover(struct event_reader *reader, const char *bytes,
			 size_t n, bool was_open, struct err *err)
{
	size_t used = json_error_position(reader->input->parser);

	if (err_is(err, ERR_JSON) && begins_mark(reader, bytes, n, used, err)) {
		used = used > 0 ? used : 1;
		reader->mark = 1;
		if (json_reset(reader->input->parser) < 0)
			return stop(reader, ERR_MEMORY, "out of memory");
		return (ptrdiff_t)used;
	}
	if (err_is(err, ERR_JSON))
		name_input(bytes, n, used, reader->input->depth > 0, err);
	if (give_up_document(reader, err) < 0)
		return -1;
	return (ptrdiff_t)look_on(reader, bytes, used, was_open);
}

int event_feed(struct event_reader *reader, const char *bytes, size_t n,
	       struct err *err)
{
	while (n > 0) {
		bool was_open = reader->input->depth > 0, is_broken = false;
		size_t used = 0;
		ptrdiff_t done;

		if (reader->resync)
			used = skip(reader, bytes, n);
		else if (reader->mark > 0)
			used = read_mark(reader, bytes, n, &is_broken);
		if (used > 0)
			reader->last = bytes[used - 1];
		bytes += used;
		n -= used;
		if (is_broken && refuse_mark(reader, err) < 0)
			goto fail;
		if (is_broken)
			continue;
		reader->input->bytes = (struct str){ bytes, n };
		if (n == 0 || json_feed(reader->input->parser, bytes, n,
					err) == 0)
			break;
		done = recover(reader, bytes, n, was_open, err);
		if (done < 0)
			goto fail;
		if (done > 0)
			reader->last = bytes[done - 1];
		bytes += done;
		n -= (size_t)done;
	}
	if (n > 0)
		reader->last = bytes[n - 1];
	if (keep_documents(reader, (struct str){ bytes, n }, err) == 0)
		return 0;
fail:
	*err = reader->err;
	return -1;
}

int event_end(struct event_reader *reader, struct err *err)
{
	if (reader->mark > 0 && reader->mark < MARK_SIZE &&
	    !reader->resync) {
		if (refuse_mark(reader, err) == 0)
			return 0;
	} else if (reader->resync ||
		   json_end(reader->input->parser, err) == 0 ||
		   give_up_document(reader, err) == 0) {
		return 0;
	}
	*err = reader->err;
	return -1;
}
