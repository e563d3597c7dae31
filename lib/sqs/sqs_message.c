/* SPDX-License-Identifier: Apache-2.0 */
#include "sqs/sqs_message.h"

#include <stdio.h>
#include <string.h>

#include "format/json_each.h"
#include "format/json_pick.h"
#include "format/json_write.h"
#include "hash/digest.h"

#define FIELD(type, path, member, is_text) \
	{ path, offsetof(struct type, member), is_text }

bool sqs_message_is_whole(const struct sqs_message *message)
{
	return !message->md5.p ||
	       digest_md5_is(message->body.p, message->body.n, message->md5);
}

/* What is no list, or is not there, is an empty one. */
static int each(struct str list,
		int (*take)(void *ctx, struct str object, struct err *err),
		void *ctx, struct err *err)
{
	if (list.n == 0 || list.p[0] != '[')
		return 0;
	return json_each(list, take, ctx, err);
}

/* Messages */

struct raw {
	struct sqs_message message;
	struct str receives;
};

static const struct json_pick_field message_fields[] = {
	FIELD(raw, "MessageId", message.id, true),
	FIELD(raw, "ReceiptHandle", message.handle, true),
	FIELD(raw, "Body", message.body, true),
	FIELD(raw, "MD5OfBody", message.md5, true),
	FIELD(raw, "Attributes", message.attributes, false),
};

static const struct json_pick_field attribute_fields[] = {
	FIELD(raw, "ApproximateReceiveCount", receives, false),
	FIELD(raw, "MessageGroupId", message.group, true),
};

struct reading {
	struct json_pick *message, *attributes;
	struct arena *arena;
	void (*take)(void *ctx, const struct sqs_message *message);
	void *ctx;
};

static int read_one(void *ctx, struct str text, struct err *err)
{
	struct reading *reading = ctx;
	struct raw raw = { .receives = STR_NONE }, more = raw;

	if (json_pick_object(reading->message, text, reading->arena, &raw,
			     err) < 0)
		return -1;
	if (raw.message.attributes.n > 0 &&
	    json_pick_object(reading->attributes, raw.message.attributes,
			     reading->arena, &more, err) < 0)
		return -1;
	raw.message.group = more.message.group;
	if (str_number(more.receives, &raw.message.receives) < 0 ||
	    raw.message.receives == 0)
		raw.message.receives = 1;
	reading->take(reading->ctx, &raw.message);
	return 0;
}

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static int read_all(struct reading *reading, struct str list, struct err *err)
{
	reading->message = json_pick_new(message_fields, COUNT(message_fields));
	reading->attributes = json_pick_new(attribute_fields,
					    COUNT(attribute_fields));
	if (!reading->message || !reading->attributes)
		return err_memory(err);
	return each(list, read_one, reading, err);
}

struct lists {
	struct str messages, failed, successful, attributes;
};

static const struct json_pick_field list_fields[] = {
	FIELD(lists, "Messages", messages, false),
	FIELD(lists, "Failed", failed, false),
	FIELD(lists, "Successful", successful, false),
	FIELD(lists, "Attributes", attributes, false),
};

static int read_lists(struct str answer, struct arena *arena,
		      struct lists *lists, struct err *err)
{
	memset(lists, 0, sizeof(*lists));
	return json_pick(list_fields, COUNT(list_fields), answer, arena, lists,
			 err);
}

int sqs_message_read(struct str answer, struct arena *arena,
		     void (*take)(void *ctx, const struct sqs_message *message),
		     void *ctx, struct err *err)
{
	struct reading reading = { .arena = arena, .take = take, .ctx = ctx };
	struct lists lists;
	int status;

	if (read_lists(answer, arena, &lists, err) < 0)
		return -1;
	status = read_all(&reading, lists.messages, err);
	json_pick_free(reading.message);
	json_pick_free(reading.attributes);
	return status;
}

/* Batches */

struct raw_entry {
	struct str id, code, message;
};

static const struct json_pick_field entry_fields[] = {
	FIELD(raw_entry, "Id", id, true),
	FIELD(raw_entry, "Code", code, true),
	FIELD(raw_entry, "Message", message, true),
};

struct batch_reading {
	struct arena *arena;
	void (*take)(void *ctx, struct str id, const struct err *err);
	void *ctx;
	bool is_failed;
};

static int read_entry(void *ctx, struct str text, struct err *err)
{
	struct batch_reading *reading = ctx;
	struct raw_entry raw;
	struct err why;
	char code[sizeof(why.code)];

	memset(&raw, 0, sizeof(raw));
	if (json_pick(entry_fields, COUNT(entry_fields), text, reading->arena,
		      &raw, err) < 0)
		return -1;
	snprintf(code, sizeof(code), "%.*s", STR_FMT(raw.code));
	err_set(&why, code[0] ? code : "UnexpectedAnswer", "%.*s",
		STR_FMT(raw.message));
	reading->take(reading->ctx, raw.id, reading->is_failed ? &why : NULL);
	return 0;
}

int sqs_message_read_batch(struct str answer, struct arena *arena,
			   void (*take)(void *ctx, struct str id,
					const struct err *err),
			   void *ctx, struct err *err)
{
	struct batch_reading reading = { .arena = arena, .take = take,
					 .ctx = ctx };
	struct lists lists;

	if (read_lists(answer, arena, &lists, err) < 0 ||
	    each(lists.successful, read_entry, &reading, err) < 0)
		return -1;
	reading.is_failed = true;
	return each(lists.failed, read_entry, &reading, err);
}

static const struct json_pick_field queue_fields[] = {
	FIELD(sqs_attributes, "QueueArn", arn, true),
	FIELD(sqs_attributes, "RedrivePolicy", redrive, true),
};

int sqs_message_read_attributes(struct str answer, struct arena *arena,
				struct sqs_attributes *attributes,
				struct err *err)
{
	struct lists lists;

	memset(attributes, 0, sizeof(*attributes));
	if (read_lists(answer, arena, &lists, err) < 0)
		return -1;
	if (lists.attributes.n == 0)
		return 0;
	return json_pick(queue_fields, COUNT(queue_fields), lists.attributes,
			 arena, attributes, err);
}

/* Errors.  Some servers still say the codes of the old protocol. */

static bool is_either(const struct err *err, const char *code, const char *old)
{
	return err_is(err, code) || err_is(err, old);
}

bool sqs_message_is_lost(const struct err *err)
{
	return err_is(err, "ReceiptHandleIsInvalid") ||
	       is_either(err, "MessageNotInflight",
			 "AWS.SimpleQueueService.MessageNotInflight") ||
	       (err_is(err, "InvalidParameterValue") &&
		strstr(err->message, "has expired"));
}

bool sqs_message_is_spent(const struct err *err)
{
	return err_is(err, "InvalidParameterValue") &&
	       strstr(err->message, "VisibilityTimeout");
}

bool sqs_message_is_nowhere(const struct err *err)
{
	return is_either(err, "QueueDoesNotExist",
			 "AWS.SimpleQueueService.NonExistentQueue");
}

/* Calls */

static void begin(struct buf *out, const struct sqs_queue *queue)
{
	buf_putc(out, '{');
	json_member(out, "QueueUrl", queue->url);
}

/* Servers older than 2023 know the names of attributes by another name only. */
void sqs_message_put_receive(struct buf *out, const struct sqs_queue *queue,
			     const struct sqs_receive *receive)
{
	begin(out, queue);
	json_member_number(out, "MaxNumberOfMessages", receive->max);
	json_member_number(out, "WaitTimeSeconds", receive->wait);
	json_member_number(out, "VisibilityTimeout", receive->visibility);
	buf_puts(out, ",\"AttributeNames\":[\"All\"],"
		      "\"MessageSystemAttributeNames\":[\"All\"]");
	json_member(out, "ReceiveRequestAttemptId", receive->attempt);
	buf_putc(out, '}');
}

void sqs_message_put_attributes(struct buf *out, const struct sqs_queue *queue)
{
	begin(out, queue);
	buf_puts(out, ",\"AttributeNames\":[\"All\"]}");
}

void sqs_message_put_batch(struct buf *out, const struct sqs_queue *queue,
			   const struct sqs_entry *entries, size_t n)
{
	begin(out, queue);
	buf_puts(out, ",\"Entries\":[");
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "%s{\"Id\":\"%zu\"", i > 0 ? "," : "", i);
		json_member(out, "ReceiptHandle", entries[i].handle);
		if (entries[i].timeout >= 0)
			json_member_number(out, "VisibilityTimeout",
				(unsigned long long)entries[i].timeout);
		buf_putc(out, '}');
	}
	buf_puts(out, "]}");
}

void sqs_message_put_record(struct buf *out, const struct sqs_message *message,
			    struct str arn, struct str region)
{
	buf_putc(out, '{');
	json_member(out, "messageId", message->id);
	json_member(out, "receiptHandle", message->handle);
	json_member(out, "body", message->body);
	buf_puts(out, ",\"attributes\":");
	buf_put_str(out, message->attributes.n > 0 ? message->attributes :
						     STR("{}"));
	buf_puts(out, ",\"messageAttributes\":{}");
	json_member(out, "md5OfBody", message->md5);
	buf_puts(out, ",\"eventSource\":\"aws:sqs\"");
	json_member(out, "eventSourceARN", arn);
	json_member(out, "awsRegion", region);
	buf_putc(out, '}');
}
