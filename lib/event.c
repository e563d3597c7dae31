/* SPDX-License-Identifier: Apache-2.0 */
#include "event.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "uri.h"

enum {
	DOC_DEPTH_MAX = 16,	/* documents in documents */
	DOC_MEMORY_MAX = 8 << 20,
	NAMES_SHOWN = 5		/* members named when nothing is recognised */
};

/*
 * Where we are in a document.  A NODE_DOC is any object that may be an event
 * or carry one, the elements of lists included, so that every envelope is one
 * more row in the table below.  FIELD_* are members whose text is kept.
 */
enum node {
	NODE_SKIP, NODE_DOC, NODE_LIST, NODE_S3, NODE_S3_BUCKET,
	NODE_S3_OBJECT, NODE_SNS, NODE_DETAIL, NODE_DETAIL_BUCKET,
	NODE_DETAIL_OBJECT,

	FIELD_EVENT_VERSION, FIELD_EVENT_SOURCE, FIELD_REGION, FIELD_TIME,
	FIELD_NAME, FIELD_BUCKET, FIELD_KEY, FIELD_SIZE, FIELD_ETAG,
	FIELD_VERSION, FIELD_SEQUENCER,
	FIELD_BODY, FIELD_MESSAGE_ID, FIELD_RECEIPT,
	FIELD_TYPE, FIELD_MESSAGE, FIELD_SNS_MESSAGE, FIELD_SNS_ID,
	FIELD_DETAIL_TYPE, FIELD_SOURCE, FIELD_BRIDGE_REGION,
	FIELD_BRIDGE_TIME, FIELD_REASON, FIELD_DELETION_TYPE,
	FIELD_TEST, FIELD_TASK_ID, FIELD_TASK_KEY, FIELD_TASK_VERSION,
	FIELD_TASK_ARN, FIELD_TASK_BUCKET,
	NODE_END
};

enum { FIELD_FIRST = FIELD_EVENT_VERSION, FIELDS = NODE_END - FIELD_FIRST };

static const struct member {
	enum node in;
	struct str name;
	enum node to;
} members[] = {
#define MEMBER(in, name, to) { in, { name, sizeof(name) - 1 }, to }
	MEMBER(NODE_DOC, "Records", NODE_LIST),
	MEMBER(NODE_DOC, "eventVersion", FIELD_EVENT_VERSION),
	MEMBER(NODE_DOC, "eventSource", FIELD_EVENT_SOURCE),
	MEMBER(NODE_DOC, "awsRegion", FIELD_REGION),
	MEMBER(NODE_DOC, "eventTime", FIELD_TIME),
	MEMBER(NODE_DOC, "eventName", FIELD_NAME),
	MEMBER(NODE_DOC, "s3", NODE_S3),
	MEMBER(NODE_DOC, "EventSource", FIELD_EVENT_SOURCE),
	MEMBER(NODE_DOC, "Sns", NODE_SNS),
	MEMBER(NODE_DOC, "messageId", FIELD_MESSAGE_ID),
	MEMBER(NODE_DOC, "MessageId", FIELD_MESSAGE_ID),
	MEMBER(NODE_DOC, "receiptHandle", FIELD_RECEIPT),
	MEMBER(NODE_DOC, "ReceiptHandle", FIELD_RECEIPT),
	MEMBER(NODE_DOC, "body", FIELD_BODY),
	MEMBER(NODE_DOC, "Body", FIELD_BODY),
	MEMBER(NODE_DOC, "Messages", NODE_LIST),
	MEMBER(NODE_DOC, "Type", FIELD_TYPE),
	MEMBER(NODE_DOC, "Message", FIELD_MESSAGE),
	MEMBER(NODE_DOC, "Event", FIELD_TEST),
	MEMBER(NODE_DOC, "source", FIELD_SOURCE),
	MEMBER(NODE_DOC, "detail-type", FIELD_DETAIL_TYPE),
	MEMBER(NODE_DOC, "region", FIELD_BRIDGE_REGION),
	MEMBER(NODE_DOC, "time", FIELD_BRIDGE_TIME),
	MEMBER(NODE_DOC, "detail", NODE_DETAIL),
	MEMBER(NODE_DOC, "requestPayload", NODE_DOC),
	MEMBER(NODE_DOC, "tasks", NODE_LIST),
	MEMBER(NODE_DOC, "taskId", FIELD_TASK_ID),
	MEMBER(NODE_DOC, "s3Key", FIELD_TASK_KEY),
	MEMBER(NODE_DOC, "s3VersionId", FIELD_TASK_VERSION),
	MEMBER(NODE_DOC, "s3BucketArn", FIELD_TASK_ARN),
	MEMBER(NODE_DOC, "s3Bucket", FIELD_TASK_BUCKET),
	MEMBER(NODE_S3, "bucket", NODE_S3_BUCKET),
	MEMBER(NODE_S3, "object", NODE_S3_OBJECT),
	MEMBER(NODE_S3_BUCKET, "name", FIELD_BUCKET),
	MEMBER(NODE_S3_OBJECT, "key", FIELD_KEY),
	MEMBER(NODE_S3_OBJECT, "size", FIELD_SIZE),
	MEMBER(NODE_S3_OBJECT, "eTag", FIELD_ETAG),
	MEMBER(NODE_S3_OBJECT, "versionId", FIELD_VERSION),
	MEMBER(NODE_S3_OBJECT, "sequencer", FIELD_SEQUENCER),
	MEMBER(NODE_SNS, "Message", FIELD_SNS_MESSAGE),
	MEMBER(NODE_SNS, "MessageId", FIELD_SNS_ID),
	MEMBER(NODE_DETAIL, "bucket", NODE_DETAIL_BUCKET),
	MEMBER(NODE_DETAIL, "object", NODE_DETAIL_OBJECT),
	MEMBER(NODE_DETAIL, "reason", FIELD_REASON),
	MEMBER(NODE_DETAIL, "deletion-type", FIELD_DELETION_TYPE),
	MEMBER(NODE_DETAIL_BUCKET, "name", FIELD_BUCKET),
	MEMBER(NODE_DETAIL_OBJECT, "key", FIELD_KEY),
	MEMBER(NODE_DETAIL_OBJECT, "size", FIELD_SIZE),
	MEMBER(NODE_DETAIL_OBJECT, "etag", FIELD_ETAG),
	MEMBER(NODE_DETAIL_OBJECT, "version-id", FIELD_VERSION),
	MEMBER(NODE_DETAIL_OBJECT, "sequencer", FIELD_SEQUENCER),
#undef MEMBER
};

/* One document being read; its parent is the one it lies in. */
struct doc {
	struct arena arena;
	struct str fields[FIELDS];
	bool odd[FIELDS];	/* there, but neither text nor number */
	bool has_s3, has_detail, has_children;
	struct event_from from;
	const char *sign;	/* what it looks like, if no S3 event */
	struct str names[NAMES_SHOWN];
	size_t name_count;
};

/*
 * A text being parsed: the input, or a string inside a document.  The ones
 * that are open form a chain, outermost first; each is kept for the next.
 */
struct text {
	struct event_reader *reader;
	struct json_parser *parser;
	struct text *inner;
	struct event_from from;	/* what its documents begin with */
	unsigned open_docs;
	enum node next;		/* what the value to come is */
	unsigned depth;
	unsigned char nodes[JSON_DEPTH_MAX + 1];
};

struct event_reader {
	const struct event_handler *handler;
	void *ctx;
	struct text *input;	/* the outermost */
	struct text *text;	/* the innermost that is open */
	struct doc docs[DOC_DEPTH_MAX];
	unsigned doc_count;
	struct err err;		/* why reading stopped */

	bool resync;		/* skip to a line that begins a document */
	bool line_start;
};

static struct str field(const struct doc *doc, enum node node)
{
	return doc->fields[node - FIELD_FIRST];
}

static bool has(const struct doc *doc, enum node node)
{
	return field(doc, node).p != NULL;
}

static struct doc *top_doc(struct event_reader *reader)
{
	return &reader->docs[reader->doc_count - 1];
}

static int stop(struct event_reader *reader, const char *code,
		const char *message)
{
	return err_set(&reader->err, code, "%s", message);
}

/* Refusing */

static int refuse(struct event_reader *reader, const struct event_from *from,
		  const struct err *err)
{
	if (reader->handler->refuse(reader->ctx, err, from) == 0)
		return 0;
	return stop(reader, "Stopped", "stopped by the reader");
}

static int invalid(struct event_reader *reader, const struct doc *doc,
		   const char *what)
{
	struct err err;

	err_set(&err, "InvalidEvent", "%s", what);
	return refuse(reader, &doc->from, &err);
}

struct sign {
	const char *name, *what;
};

static const char *find_sign(const struct sign *signs, size_t count,
			     struct str name)
{
	for (size_t i = 0; i < count; i++)
		if (str_is(name, signs[i].name))
			return signs[i].what;
	return NULL;
}

/* What a member gives away of a document that is no S3 event. */
static const char *sign_of_member(struct str name)
{
	static const struct sign signs[] = {
		{ "kinesis", "a Kinesis batch" },
		{ "httpMethod", "an API Gateway request" },
		{ "routeKey", "an API Gateway request" },
		{ "awslogs", "a batch of CloudWatch Logs" },
		{ "deliveryStreamArn", "a Firehose batch" },
		{ "getObjectContext", "an S3 Object Lambda request" },
		{ "xAmzRequestId", "an S3 Object Lambda request" },
		{ "identityPoolId", "a Cognito event" },
		{ "triggerSource", "a Cognito event" },
		{ "userPoolId", "a Cognito event" },
		{ "fileSchema", "an S3 Inventory manifest" },
		{ "rmqMessagesByQueue", "a RabbitMQ batch" },
		{ "bootstrapServers", "a Kafka batch" },
		{ "invokingEvent", "an AWS Config event" },
		{ "CodePipeline.job", "a CodePipeline job" },
		{ "DetailType", "an entry for PutEvents" },
		{ "typeName", "an AppSync request" },
		{ "authorizationToken", "an API Gateway authorizer request" },
	};

	return find_sign(signs, sizeof(signs) / sizeof(*signs), name);
}

static const char *sign_of_source(struct str source)
{
	static const struct sign signs[] = {
		{ "aws:kinesis", "a Kinesis batch" },
		{ "aws:dynamodb", "a DynamoDB stream" },
		{ "aws:ses", "an SES event" },
		{ "aws:codecommit", "a CodeCommit event" },
		{ "aws:kafka", "a Kafka batch" },
		{ "SelfManagedKafka", "a Kafka batch" },
		{ "aws:mq", "an ActiveMQ batch" },
		{ "aws:rmq", "a RabbitMQ batch" },
		{ "aws:docdb", "a DocumentDB stream" },
		{ "aws:sqs", "an SQS message without body" },
		{ "aws:sns", "an SNS message without text" },
	};

	return find_sign(signs, sizeof(signs) / sizeof(*signs), source);
}

static void put_names(struct buf *out, const struct doc *doc)
{
	buf_puts(out, doc->name_count ? "an object with " : "an empty object");
	for (size_t i = 0; i < doc->name_count; i++) {
		buf_puts(out, i > 0 ? ", " : "");
		buf_put_str(out, doc->names[i]);
	}
}

static int refuse_doc(struct event_reader *reader, const struct doc *doc)
{
	const char *sign = sign_of_source(field(doc, FIELD_EVENT_SOURCE));
	struct err err;
	struct buf what;

	buf_init(&what, sizeof(err.message));
	if (sign || doc->sign)
		buf_puts(&what, sign ? sign : doc->sign);
	else if (has(doc, FIELD_DETAIL_TYPE))
		buf_printf(&what, "an EventBridge event of %.*s, %.*s",
			   STR_FMT(field(doc, FIELD_SOURCE)),
			   STR_FMT(field(doc, FIELD_DETAIL_TYPE)));
	else if (has(doc, FIELD_EVENT_SOURCE))
		buf_printf(&what, "a record of %.*s",
			   STR_FMT(field(doc, FIELD_EVENT_SOURCE)));
	else
		put_names(&what, doc);
	err_set(&err, "NotAnS3Event", "not an S3 event: it looks like %.*s",
		STR_FMT(buf_str(&what)));
	buf_free(&what);
	return refuse(reader, &doc->from, &err);
}

/* Documents */

static bool begin_doc(struct event_reader *reader,
		      const struct event_from *from)
{
	struct doc *doc;

	if (reader->doc_count == DOC_DEPTH_MAX)
		return false;
	doc = &reader->docs[reader->doc_count++];
	arena_reset(&doc->arena);
	*doc = (struct doc){ .arena = doc->arena, .from = *from };
	return true;
}

struct str event_name(struct str detail_type, struct str reason,
		      struct str deletion_type)
{
	static const struct {
		const char *detail_type, *reason, *deletion_type, *name;
	} names[] = {
		{ "Object Created", "PutObject", NULL, "ObjectCreated:Put" },
		{ "Object Created", "POST Object", NULL, "ObjectCreated:Post" },
		{ "Object Created", "CopyObject", NULL, "ObjectCreated:Copy" },
		{ "Object Created", "CompleteMultipartUpload", NULL,
		  "ObjectCreated:CompleteMultipartUpload" },
		{ "Object Deleted", "DeleteObject", "Permanently Deleted",
		  "ObjectRemoved:Delete" },
		{ "Object Deleted", "DeleteObject", "Delete Marker Created",
		  "ObjectRemoved:DeleteMarkerCreated" },
		{ "Object Deleted", "Lifecycle Expiration",
		  "Permanently Deleted", "LifecycleExpiration:Delete" },
		{ "Object Deleted", "Lifecycle Expiration",
		  "Delete Marker Created",
		  "LifecycleExpiration:DeleteMarkerCreated" },
		{ "Object Restore Initiated", NULL, NULL, "ObjectRestore:Post" },
		{ "Object Restore Completed", NULL, NULL,
		  "ObjectRestore:Completed" },
		{ "Object Restore Expired", NULL, NULL, "ObjectRestore:Delete" },
		{ "Object Tags Added", NULL, NULL, "ObjectTagging:Put" },
		{ "Object Tags Deleted", NULL, NULL, "ObjectTagging:Delete" },
		{ "Object ACL Updated", NULL, NULL, "ObjectAcl:Put" },
		{ "Object Storage Class Changed", NULL, NULL,
		  "LifecycleTransition" },
		{ "Object Access Tier Changed", NULL, NULL,
		  "IntelligentTiering" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_is(detail_type, names[i].detail_type) &&
		    (!names[i].reason || str_is(reason, names[i].reason)) &&
		    (!names[i].deletion_type ||
		     str_is(deletion_type, names[i].deletion_type)))
			return str_of(names[i].name);
	return STR_NONE;
}

/* Empty stands for unknown in some sources (Ceph's versionId, awsRegion). */
static struct str known(struct str s)
{
	return s.n > 0 ? s : STR_NONE;
}

static struct str unquoted(struct str etag)
{
	if (etag.n >= 2 && etag.p[0] == '"' && etag.p[etag.n - 1] == '"')
		return (struct str){ etag.p + 1, etag.n - 2 };
	return etag;
}

/* The last part of arn:aws:s3:::bucket; regions and accounts may be in it. */
static struct str arn_bucket(struct str arn)
{
	size_t i = arn.n;

	while (i > 0 && arn.p[i - 1] != ':')
		i--;
	return known((struct str){ arn.p + i, arn.n - i });
}

typedef size_t decode_fn(char *out, struct str s);

static size_t decode_not(char *out, struct str s)
{
	(void)out;
	return s.n;
}

/* The copy in the document's arena is ours to change. */
static struct str decoded(struct str key, decode_fn *decode)
{
	return (struct str){ key.p, decode((char *)(uintptr_t)key.p, key) };
}

/* Why the record cannot be one, or NULL. */
static const char *fault_of(const struct doc *doc, struct record *r)
{
	if (r->bucket.n == 0)
		return "an S3 event without the name of a bucket";
	if (r->key.n == 0)
		return "an S3 event without the key of an object";
	if (r->key.n > RECORD_KEY_MAX)
		return "a key longer than 1024 bytes";
	if (!str_is_utf8(r->key))
		return "a key that is not UTF-8";
	if (doc->odd[FIELD_SIZE - FIELD_FIRST] ||
	    (r->size_text.p && str_number(r->size_text, &r->size) < 0))
		return "a size that is no number of bytes";
	return NULL;
}

/* Complete the record and hand it on. */
static int give(struct event_reader *reader, const struct doc *doc,
		struct record *r)
{
	char id[RECORD_ID_SIZE + 1];
	const char *fault = fault_of(doc, r);

	if (fault)
		return invalid(reader, doc, fault);
	r->has_size = r->size_text.p != NULL;
	record_id(r, id);
	r->id = str_of(id);
	if (reader->handler->record(reader->ctx, r, &doc->from) == 0)
		return 0;
	return stop(reader, "Stopped", "stopped by the reader");
}

static struct record object_of(const struct doc *doc)
{
	return (struct record){
		.bucket = known(field(doc, FIELD_BUCKET)),
		.key = known(field(doc, FIELD_KEY)),
		.version = known(field(doc, FIELD_VERSION)),
		.etag = known(unquoted(field(doc, FIELD_ETAG))),
		.size_text = field(doc, FIELD_SIZE),
		.sequencer = known(field(doc, FIELD_SEQUENCER)),
	};
}

/*
 * Members may be added within a major version, so only that is looked at.
 * Ceph sends keys as they are; AWS and what follows it form-encode them.
 */
static int end_s3(struct event_reader *reader, const struct doc *doc)
{
	struct str source = field(doc, FIELD_EVENT_SOURCE);
	struct str version = field(doc, FIELD_EVENT_VERSION);
	bool ceph = str_is(source, "ceph:s3");
	struct record r = object_of(doc);

	if (source.p && !str_has_suffix(source, STR(":s3")))
		return refuse_doc(reader, doc);
	if (version.p && !str_has_prefix(version, STR("2.")))
		return invalid(reader, doc,
			       "an S3 event of an eventVersion other than 2.x");
	r.event = known(field(doc, FIELD_NAME));
	if (str_has_prefix(r.event, STR("s3:")))
		r.event = (struct str){ r.event.p + 3, r.event.n - 3 };
	r.time = known(field(doc, FIELD_TIME));
	r.region = known(field(doc, FIELD_REGION));
	if (source.p && !str_is(source, "aws:s3"))
		r.source = source;
	r.key = decoded(r.key, ceph ? decode_not : uri_decode_form);
	return give(reader, doc, &r);
}

static int end_eventbridge(struct event_reader *reader, const struct doc *doc)
{
	struct record r = object_of(doc);

	r.event = event_name(field(doc, FIELD_DETAIL_TYPE),
			     field(doc, FIELD_REASON),
			     field(doc, FIELD_DELETION_TYPE));
	r.time = known(field(doc, FIELD_BRIDGE_TIME));
	r.region = known(field(doc, FIELD_BRIDGE_REGION));
	return give(reader, doc, &r);
}

static int end_task(struct event_reader *reader, struct doc *doc)
{
	struct str bucket = known(field(doc, FIELD_TASK_BUCKET));
	struct record r = {
		.bucket = bucket.p ? bucket :
				     arn_bucket(field(doc, FIELD_TASK_ARN)),
		.key = decoded(known(field(doc, FIELD_TASK_KEY)),
			       uri_decode_percent),
		.version = known(field(doc, FIELD_TASK_VERSION)),
	};

	doc->from.batch = field(doc, FIELD_TASK_ID);
	return give(reader, doc, &r);
}

static int read_string(struct event_reader *reader, struct str string,
		       const struct event_from *from);

static int end_message(struct event_reader *reader, struct doc *doc)
{
	doc->from.sqs = field(doc, FIELD_MESSAGE_ID);
	doc->from.receipt = field(doc, FIELD_RECEIPT);
	return read_string(reader, field(doc, FIELD_BODY), &doc->from);
}

static int end_topic(struct event_reader *reader, struct doc *doc,
		     enum node id, enum node message)
{
	doc->from.sns = field(doc, id);
	return read_string(reader, field(doc, message), &doc->from);
}

static int note(struct event_reader *reader, const char *what)
{
	reader->handler->note(reader->ctx, what);
	return 0;
}

static bool is_subscription(struct str type)
{
	return str_is(type, "SubscriptionConfirmation") ||
	       str_is(type, "UnsubscribeConfirmation");
}

/* A document is complete: say what it was. */
static int end_doc(struct event_reader *reader)
{
	struct doc *doc = top_doc(reader);
	struct str type = field(doc, FIELD_TYPE);
	bool eventbridge = doc->has_detail && has(doc, FIELD_DETAIL_TYPE);

	if (doc->has_s3)
		return end_s3(reader, doc);
	if (eventbridge && str_is(field(doc, FIELD_SOURCE), "aws.s3") &&
	    has(doc, FIELD_BUCKET))
		return end_eventbridge(reader, doc);
	if (has(doc, FIELD_MESSAGE_ID) && has(doc, FIELD_BODY))
		return end_message(reader, doc);
	if (has(doc, FIELD_SNS_MESSAGE))
		return end_topic(reader, doc, FIELD_SNS_ID, FIELD_SNS_MESSAGE);
	if (str_is(type, "Notification") && has(doc, FIELD_MESSAGE))
		return end_topic(reader, doc, FIELD_MESSAGE_ID, FIELD_MESSAGE);
	if (is_subscription(type))
		return note(reader, "a message about an SNS subscription");
	if (str_is(field(doc, FIELD_TEST), "s3:TestEvent"))
		return note(reader, "s3:TestEvent");
	if (has(doc, FIELD_TASK_ID) && has(doc, FIELD_TASK_KEY))
		return end_task(reader, doc);
	if (doc->has_children)
		return 0;
	return refuse_doc(reader, doc);
}

/* Parsing: each returns 0 to go on */

static enum node find_member(enum node in, struct str name)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (members[i].in == in && str_eq(members[i].name, name))
			return members[i].to;
	return NODE_SKIP;
}

/* Until a document is recognised, remember what could tell a person. */
static void remember(struct doc *doc, struct str name)
{
	if (has(doc, FIELD_EVENT_VERSION))
		return;
	if (!doc->sign)
		doc->sign = sign_of_member(name);
	if (doc->name_count < NAMES_SHOWN && name.n <= 40)
		doc->names[doc->name_count++] = arena_dup(&doc->arena, name);
}

static int on_key(void *ctx, struct str name)
{
	struct text *text = ctx;
	enum node in = text->nodes[text->depth];

	text->next = NODE_SKIP;
	if (in == NODE_SKIP)
		return 0;
	text->next = find_member(in, name);
	if (in != NODE_DOC)
		return 0;
	if (text->next == NODE_SKIP)
		remember(top_doc(text->reader), name);
	else if (text->next == NODE_LIST || text->next == NODE_DOC)
		top_doc(text->reader)->has_children = true;
	else if (text->next == NODE_S3)
		top_doc(text->reader)->has_s3 = true;
	else if (text->next == NODE_DETAIL)
		top_doc(text->reader)->has_detail = true;
	return 0;
}

/* What a value is: named by the key before it, or an element of a list. */
static enum node node_of_value(const struct text *text)
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

static int refuse_scalar(struct text *text)
{
	struct event_reader *reader = text->reader;
	struct err err;

	err_set(&err, "NotAnS3Event",
		"not an S3 event: a value that is no object");
	if (refuse(reader, text->open_docs > 0 ? &top_doc(reader)->from :
						 &text->from, &err) < 0)
		return -1;
	return text->depth == 0 && text == reader->input ?
		end_input_document(reader) : 0;
}

static int on_scalar(void *ctx, enum json_type type, struct str value)
{
	struct text *text = ctx;
	enum node node = node_of_value(text);
	struct doc *doc;

	if (node == NODE_DOC || (node == NODE_LIST && type != JSON_NULL))
		return refuse_scalar(text);
	if ((int)node < FIELD_FIRST)
		return 0;
	doc = top_doc(text->reader);
	doc->odd[node - FIELD_FIRST] = type == JSON_TRUE || type == JSON_FALSE;
	if (type == JSON_STRING || (type == JSON_NUMBER && node == FIELD_SIZE))
		doc->fields[node - FIELD_FIRST] = arena_dup(&doc->arena, value);
	else
		doc->fields[node - FIELD_FIRST] = STR_NONE;
	if (type == JSON_STRING && !has(doc, node))
		return stop(text->reader, "OutOfMemory",
			    "a document needs too much memory");
	return 0;
}

static int on_open(void *ctx, enum json_type type)
{
	struct text *text = ctx;
	enum node node = node_of_value(text);

	if (node == NODE_DOC && type == JSON_ARRAY)
		node = NODE_LIST;
	else if (node == NODE_LIST && type == JSON_OBJECT)
		node = NODE_SKIP;
	if ((int)node >= FIELD_FIRST) {
		top_doc(text->reader)->odd[node - FIELD_FIRST] = true;
		node = NODE_SKIP;
	}
	if (node == NODE_DOC) {
		const struct event_from *from = text->open_docs > 0 ?
			&top_doc(text->reader)->from : &text->from;

		if (!begin_doc(text->reader, from))
			return stop(text->reader, "InvalidEvent",
				    "documents nested too deep");
		text->open_docs++;
	}
	text->nodes[++text->depth] = (unsigned char)node;
	text->next = NODE_SKIP;
	return 0;
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
		       const struct event_from *from)
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
	reader->input = reader->text = new_text(reader);
	for (unsigned i = 0; i < DOC_DEPTH_MAX; i++)
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
	for (unsigned i = 0; i < DOC_DEPTH_MAX; i++)
		arena_free(&reader->docs[i].arena);
	free(reader);
}

/* The document is no JSON, or too deep: refuse it and look for the next. */
static int give_up_document(struct event_reader *reader, struct err *why)
{
	static const struct event_from nowhere;

	if (strcmp(why->code, "Stopped") == 0) {
		*why = reader->err;
		if (strcmp(why->code, "InvalidEvent") != 0)
			return -1;
	}
	reader->doc_count = 0;
	reader->input->depth = reader->input->open_docs = 0;
	reader->text = reader->input;
	reader->resync = true;
	reader->line_start = false;
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

int event_feed(struct event_reader *reader, const char *bytes, size_t n,
	       struct err *err)
{
	while (n > 0) {
		size_t used = reader->resync ? skip(reader, bytes, n) : 0;

		bytes += used;
		n -= used;
		if (n == 0)
			break;
		if (json_feed(reader->input->parser, bytes, n, err) == 0)
			break;
		used = json_error_position(reader->input->parser);
		if (give_up_document(reader, err) < 0) {
			*err = reader->err;
			return -1;
		}
		bytes += used;
		n -= used;
	}
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
