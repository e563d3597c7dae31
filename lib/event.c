/* SPDX-License-Identifier: Apache-2.0 */
#include "event.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "envelope.h"
#include "json.h"

enum {
	DOCS_MAX = 16,
	DOC_MEMORY_MAX = 8 << 20,
	INDEX_SIZE = 128,
	NAME_MAX_BYTES = 16	/* no name that means something is longer */
};

/*
 * Where we are in a document.  A NODE_DOC is any object that may be an event
 * or carry one, the elements of lists included, so that every envelope is one
 * more row in the table below.  NODE_FIELD and what follows are members whose
 * text an envelope keeps.
 */
enum {
	NODE_SKIP, NODE_DOC, NODE_LIST, NODE_S3, NODE_S3_BUCKET,
	NODE_S3_OBJECT, NODE_SNS, NODE_DETAIL, NODE_DETAIL_BUCKET,
	NODE_DETAIL_OBJECT, NODE_FIELD
};

struct member {
	struct str name;
	unsigned char to;
};

#define MEMBER(name, to) { { name, sizeof(name) - 1 }, to }
static const struct member doc_members[] = {
	MEMBER("Records", NODE_LIST),
	MEMBER("eventVersion", NODE_FIELD + ENVELOPE_EVENT_VERSION),
	MEMBER("eventSource", NODE_FIELD + ENVELOPE_EVENT_SOURCE),
	MEMBER("awsRegion", NODE_FIELD + ENVELOPE_REGION),
	MEMBER("eventTime", NODE_FIELD + ENVELOPE_TIME),
	MEMBER("eventName", NODE_FIELD + ENVELOPE_NAME),
	MEMBER("s3", NODE_S3),
	MEMBER("EventSource", NODE_FIELD + ENVELOPE_EVENT_SOURCE),
	MEMBER("Sns", NODE_SNS),
	MEMBER("messageId", NODE_FIELD + ENVELOPE_MESSAGE_ID),
	MEMBER("MessageId", NODE_FIELD + ENVELOPE_MESSAGE_ID),
	MEMBER("receiptHandle", NODE_FIELD + ENVELOPE_RECEIPT),
	MEMBER("ReceiptHandle", NODE_FIELD + ENVELOPE_RECEIPT),
	MEMBER("body", NODE_FIELD + ENVELOPE_BODY),
	MEMBER("Body", NODE_FIELD + ENVELOPE_BODY),
	MEMBER("Messages", NODE_LIST),
	MEMBER("Type", NODE_FIELD + ENVELOPE_TYPE),
	MEMBER("Message", NODE_FIELD + ENVELOPE_MESSAGE),
	MEMBER("Event", NODE_FIELD + ENVELOPE_TEST),
	MEMBER("source", NODE_FIELD + ENVELOPE_SOURCE),
	MEMBER("detail-type", NODE_FIELD + ENVELOPE_DETAIL_TYPE),
	MEMBER("region", NODE_FIELD + ENVELOPE_BRIDGE_REGION),
	MEMBER("time", NODE_FIELD + ENVELOPE_BRIDGE_TIME),
	MEMBER("detail", NODE_DETAIL),
	MEMBER("requestPayload", NODE_DOC),
	MEMBER("tasks", NODE_LIST),
	MEMBER("taskId", NODE_FIELD + ENVELOPE_TASK_ID),
	MEMBER("s3Key", NODE_FIELD + ENVELOPE_TASK_KEY),
	MEMBER("s3VersionId", NODE_FIELD + ENVELOPE_TASK_VERSION),
	MEMBER("s3BucketArn", NODE_FIELD + ENVELOPE_TASK_ARN),
	MEMBER("s3Bucket", NODE_FIELD + ENVELOPE_TASK_BUCKET),
};
static const struct member s3_members[] = {
	MEMBER("bucket", NODE_S3_BUCKET),
	MEMBER("object", NODE_S3_OBJECT),
};
static const struct member s3_bucket_members[] = {
	MEMBER("name", NODE_FIELD + ENVELOPE_BUCKET),
};
static const struct member s3_object_members[] = {
	MEMBER("key", NODE_FIELD + ENVELOPE_KEY),
	MEMBER("size", NODE_FIELD + ENVELOPE_SIZE),
	MEMBER("eTag", NODE_FIELD + ENVELOPE_ETAG),
	MEMBER("versionId", NODE_FIELD + ENVELOPE_VERSION),
	MEMBER("sequencer", NODE_FIELD + ENVELOPE_SEQUENCER),
};
static const struct member sns_members[] = {
	MEMBER("Message", NODE_FIELD + ENVELOPE_SNS_MESSAGE),
	MEMBER("MessageId", NODE_FIELD + ENVELOPE_SNS_ID),
};
static const struct member detail_members[] = {
	MEMBER("bucket", NODE_DETAIL_BUCKET),
	MEMBER("object", NODE_DETAIL_OBJECT),
	MEMBER("reason", NODE_FIELD + ENVELOPE_REASON),
	MEMBER("deletion-type", NODE_FIELD + ENVELOPE_DELETION_TYPE),
};
static const struct member detail_bucket_members[] = {
	MEMBER("name", NODE_FIELD + ENVELOPE_BUCKET),
};
static const struct member detail_object_members[] = {
	MEMBER("key", NODE_FIELD + ENVELOPE_KEY),
	MEMBER("size", NODE_FIELD + ENVELOPE_SIZE),
	MEMBER("etag", NODE_FIELD + ENVELOPE_ETAG),
	MEMBER("version-id", NODE_FIELD + ENVELOPE_VERSION),
	MEMBER("sequencer", NODE_FIELD + ENVELOPE_SEQUENCER),
};
#undef MEMBER

/* The members that mean something, by the node they are in. */
static const struct {
	const struct member *list;
	size_t count;
} known_members[NODE_FIELD] = {
#define KNOWN(list) { list, sizeof(list) / sizeof(*(list)) }
	[NODE_DOC] = KNOWN(doc_members),
	[NODE_S3] = KNOWN(s3_members),
	[NODE_S3_BUCKET] = KNOWN(s3_bucket_members),
	[NODE_S3_OBJECT] = KNOWN(s3_object_members),
	[NODE_SNS] = KNOWN(sns_members),
	[NODE_DETAIL] = KNOWN(detail_members),
	[NODE_DETAIL_BUCKET] = KNOWN(detail_bucket_members),
	[NODE_DETAIL_OBJECT] = KNOWN(detail_object_members),
#undef KNOWN
};

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

/*
 * A name of up to 16 bytes as two words that overlap where it is shorter: with
 * its length they are the whole name, and quick to hash and to compare.
 */
struct print {
	uint64_t head, tail;
};

/* A known member, hashed; n is 0 in the half of the index that stays empty. */
struct indexed {
	struct print print;
	unsigned char n, in, to;
};

struct event_reader {
	const struct event_handler *handler;
	void *ctx;
	struct text *input;	/* the outermost */
	struct text *text;	/* the innermost that is open */
	struct envelope docs[DOCS_MAX];
	unsigned doc_count;
	struct err err;		/* why reading stopped */

	struct indexed index[INDEX_SIZE];

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

/* Refusing */

static int refuse(struct event_reader *reader, const struct envelope_from *from,
		  const struct err *err)
{
	if (reader->handler->refuse(reader->ctx, err, from) == 0)
		return 0;
	return stop(reader, "Stopped", "stopped by the reader");
}

/* Documents */

static int read_string(struct event_reader *reader, struct str string,
		       const struct envelope_from *from);

/* A document is complete. */
static int end_doc(struct event_reader *reader)
{
	struct envelope *doc = top_doc(reader);
	char id[RECORD_ID_SIZE + 1];
	struct record record;
	struct str text;
	struct err err;

	switch (envelope_read(doc, &record, id, &text, &err)) {
	case ENVELOPE_EVENT:
		if (reader->handler->record(reader->ctx, &record,
					    &doc->from) == 0)
			return 0;
		return stop(reader, "Stopped", "stopped by the reader");
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

static uint64_t load(const char *p, size_t n)
{
	uint32_t low, high;
	uint64_t word;

	if (n >= 8) {
		memcpy(&word, p, 8);
		return word;
	}
	if (n >= 4) {
		memcpy(&low, p, 4);
		memcpy(&high, p + n - 4, 4);
		return (uint64_t)high << 32 | low;
	}
	return (uint64_t)(unsigned char)p[0] << 16 |
	       (uint64_t)(unsigned char)p[n / 2] << 8 |
	       (unsigned char)p[n - 1];
}

static struct print print_of(struct str name)
{
	struct print print = { load(name.p, name.n), 0 };

	if (name.n > 8)
		print.tail = load(name.p + name.n - 8, 8);
	return print;
}

static unsigned slot_of(unsigned in, size_t n, struct print print)
{
	uint64_t mixed = (print.head ^ (print.tail << 1) ^ n ^ in << 8) *
			 UINT64_C(0x9E3779B97F4A7C15);

	return (unsigned)(mixed >> 57);
}

static void index_members(struct event_reader *reader)
{
	for (unsigned in = 0; in < NODE_FIELD; in++) {
		for (size_t i = 0; i < known_members[in].count; i++) {
			const struct member *m = &known_members[in].list[i];
			struct print print = print_of(m->name);
			unsigned slot = slot_of(in, m->name.n, print);

			while (reader->index[slot].n > 0)
				slot = (slot + 1) % INDEX_SIZE;
			reader->index[slot] = (struct indexed){
				print, (unsigned char)m->name.n,
				(unsigned char)in, m->to };
		}
	}
}

static unsigned find_member(const struct event_reader *reader, unsigned in,
			    struct str name)
{
	const struct indexed *entry;
	struct print print;
	unsigned slot;

	if (name.n == 0 || name.n > NAME_MAX_BYTES)
		return NODE_SKIP;
	print = print_of(name);
	slot = slot_of(in, name.n, print);
	for (;; slot = (slot + 1) % INDEX_SIZE) {
		entry = &reader->index[slot];
		if (entry->print.head == print.head &&
		    entry->print.tail == print.tail && entry->n == name.n &&
		    entry->in == in)
			return entry->to;
		if (entry->n == 0)
			return NODE_SKIP;
	}
}

static int on_key(void *ctx, struct str name)
{
	struct text *text = ctx;
	unsigned in = text->nodes[text->depth];

	if (in == NODE_SKIP)
		return 0;
	text->next = find_member(text->reader, in, name);
	if (in != NODE_DOC)
		return 0;
	switch (text->next) {
	case NODE_SKIP:
		envelope_remember(top_doc(text->reader), name);
		break;
	case NODE_LIST:
	case NODE_DOC:
		top_doc(text->reader)->has_list = true;
		break;
	case NODE_S3:
		top_doc(text->reader)->has_s3 = true;
		break;
	case NODE_DETAIL:
		top_doc(text->reader)->has_detail = true;
		break;
	}
	return 0;
}

/* What a value is: named by the key before it, or an element of a list. */
static unsigned node_of_value(const struct text *text)
{
	if (text->depth == 0)
		return NODE_DOC;
	if (text->nodes[text->depth] == NODE_LIST)
		return NODE_DOC;
	return text->next;
}

/* After a document of the input, whatever became of it. */
static int end_input_document(struct event_reader *reader)
{
	if (reader->handler->end(reader->ctx) == 0)
		return 0;
	return stop(reader, "Stopped", "stopped by the reader");
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

static int on_scalar(void *ctx, enum json_type type, struct str value)
{
	struct text *text = ctx;
	unsigned node = node_of_value(text), field = node - NODE_FIELD;
	struct envelope *doc;

	if (node < NODE_FIELD)
		return node == NODE_DOC ||
		       (node == NODE_LIST && type != JSON_NULL) ?
			refuse_scalar(text) : 0;
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

	if (node == NODE_DOC && type == JSON_ARRAY) {
		node = NODE_LIST;
	} else if (node == NODE_DOC && reader->doc_count == DOCS_MAX) {
		status = refuse_value(text, "documents nested too deep");
		node = NODE_SKIP;
	} else if (node == NODE_DOC) {
		envelope_begin(&reader->docs[reader->doc_count],
			       from_here(text));
		reader->doc_count++;
		text->open_docs++;
	} else if (node == NODE_LIST && type == JSON_OBJECT) {
		status = refuse_value(text, "an object where a list belongs");
		node = NODE_SKIP;
	} else if (node >= NODE_FIELD) {
		envelope_set_odd(top_doc(reader), node - NODE_FIELD);
		node = NODE_SKIP;
	}
	text->nodes[++text->depth] = (unsigned char)node;
	text->next = NODE_SKIP;
	return status;
}

static int on_close(void *ctx, enum json_type type)
{
	struct text *text = ctx;
	int status = 0;

	(void)type;
	if (text->nodes[text->depth--] == NODE_DOC) {
		status = end_doc(text->reader);
		text->reader->doc_count--;
		text->open_docs--;
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
	while (text) {
		struct text *inner = text->inner;

		json_free(text->parser);
		free(text);
		text = inner;
	}
}

static struct text *new_text(struct event_reader *reader)
{
	struct text *text = calloc(1, sizeof(*text));

	if (!text)
		return NULL;
	text->reader = reader;
	text->parser = json_new(&handler, text);
	if (!text->parser) {
		free(text);
		return NULL;
	}
	return text;
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
	index_members(reader);
	reader->input = reader->text = new_text(reader);
	for (unsigned i = 0; i < DOCS_MAX; i++)
		arena_init(&reader->docs[i].arena, DOC_MEMORY_MAX);
	if (!reader->input) {
		event_reader_free(reader);
		return NULL;
	}
	return reader;
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
	if (reader->resync || json_end(reader->input->parser, err) == 0)
		return 0;
	if (give_up_document(reader, err) == 0)
		return 0;
	*err = reader->err;
	return -1;
}
