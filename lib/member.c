/* SPDX-License-Identifier: Apache-2.0 */
#include "member.h"

#include <stddef.h>
#include <string.h>

#include "envelope.h"

enum { NAME_MAX_BYTES = 16 };	/* no name that means something is longer */

struct row {
	struct str name;
	unsigned char to;
};

#define ROW(name, to) { { name, sizeof(name) - 1 }, to }
static const struct row doc_members[] = {
	ROW("Records", MEMBER_LIST),
	ROW("eventVersion", MEMBER_FIELD + ENVELOPE_EVENT_VERSION),
	ROW("eventSource", MEMBER_FIELD + ENVELOPE_EVENT_SOURCE),
	ROW("awsRegion", MEMBER_FIELD + ENVELOPE_REGION),
	ROW("eventTime", MEMBER_FIELD + ENVELOPE_TIME),
	ROW("eventName", MEMBER_FIELD + ENVELOPE_NAME),
	ROW("s3", MEMBER_S3),
	ROW("EventSource", MEMBER_FIELD + ENVELOPE_EVENT_SOURCE),
	ROW("Sns", MEMBER_SNS),
	ROW("messageId", MEMBER_FIELD + ENVELOPE_MESSAGE_ID),
	ROW("MessageId", MEMBER_FIELD + ENVELOPE_MESSAGE_ID),
	ROW("receiptHandle", MEMBER_FIELD + ENVELOPE_RECEIPT),
	ROW("ReceiptHandle", MEMBER_FIELD + ENVELOPE_RECEIPT),
	ROW("body", MEMBER_FIELD + ENVELOPE_BODY),
	ROW("Body", MEMBER_FIELD + ENVELOPE_BODY),
	ROW("Messages", MEMBER_LIST),
	ROW("Type", MEMBER_FIELD + ENVELOPE_TYPE),
	ROW("Message", MEMBER_FIELD + ENVELOPE_MESSAGE),
	ROW("Event", MEMBER_FIELD + ENVELOPE_TEST),
	ROW("source", MEMBER_FIELD + ENVELOPE_SOURCE),
	ROW("detail-type", MEMBER_FIELD + ENVELOPE_DETAIL_TYPE),
	ROW("region", MEMBER_FIELD + ENVELOPE_BRIDGE_REGION),
	ROW("time", MEMBER_FIELD + ENVELOPE_BRIDGE_TIME),
	ROW("detail", MEMBER_DETAIL),
	ROW("requestPayload", MEMBER_DOC),
	ROW("requestContext", MEMBER_CONTEXT),
	ROW("tasks", MEMBER_LIST),
	ROW("taskId", MEMBER_FIELD + ENVELOPE_TASK_ID),
	ROW("s3Key", MEMBER_FIELD + ENVELOPE_TASK_KEY),
	ROW("s3VersionId", MEMBER_FIELD + ENVELOPE_TASK_VERSION),
	ROW("s3BucketArn", MEMBER_FIELD + ENVELOPE_TASK_ARN),
	ROW("s3Bucket", MEMBER_FIELD + ENVELOPE_TASK_BUCKET),
	ROW("invocation", MEMBER_INVOCATION),
	ROW("event", MEMBER_EVENT),
};
static const struct row s3_members[] = {
	ROW("bucket", MEMBER_S3_BUCKET),
	ROW("object", MEMBER_S3_OBJECT),
};
static const struct row s3_bucket_members[] = {
	ROW("name", MEMBER_FIELD + ENVELOPE_BUCKET),
};
static const struct row s3_object_members[] = {
	ROW("key", MEMBER_FIELD + ENVELOPE_KEY),
	ROW("size", MEMBER_FIELD + ENVELOPE_SIZE),
	ROW("eTag", MEMBER_FIELD + ENVELOPE_ETAG),
	ROW("versionId", MEMBER_FIELD + ENVELOPE_VERSION),
	ROW("sequencer", MEMBER_FIELD + ENVELOPE_SEQUENCER),
};
static const struct row sns_members[] = {
	ROW("Message", MEMBER_FIELD + ENVELOPE_SNS_MESSAGE),
	ROW("MessageId", MEMBER_FIELD + ENVELOPE_SNS_ID),
};
static const struct row detail_members[] = {
	ROW("bucket", MEMBER_DETAIL_BUCKET),
	ROW("object", MEMBER_DETAIL_OBJECT),
	ROW("reason", MEMBER_FIELD + ENVELOPE_REASON),
	ROW("deletion-type", MEMBER_FIELD + ENVELOPE_DELETION_TYPE),
};
static const struct row detail_bucket_members[] = {
	ROW("name", MEMBER_FIELD + ENVELOPE_BUCKET),
};
static const struct row detail_object_members[] = {
	ROW("key", MEMBER_FIELD + ENVELOPE_KEY),
	ROW("size", MEMBER_FIELD + ENVELOPE_SIZE),
	ROW("etag", MEMBER_FIELD + ENVELOPE_ETAG),
	ROW("version-id", MEMBER_FIELD + ENVELOPE_VERSION),
	ROW("sequencer", MEMBER_FIELD + ENVELOPE_SEQUENCER),
};
static const struct row invocation_members[] = {
	ROW("id", MEMBER_INVOCATION_ID),
	ROW("deadline", MEMBER_INVOCATION_DEADLINE),
	ROW("trace", MEMBER_INVOCATION_TRACE),
};
#undef ROW

/* The members that mean something, by the node they are in. */
static const struct {
	const struct row *list;
	size_t count;
} known_members[MEMBER_FIELD] = {
#define KNOWN(list) { list, sizeof(list) / sizeof(*(list)) }
	[MEMBER_DOC] = KNOWN(doc_members),
	[MEMBER_S3] = KNOWN(s3_members),
	[MEMBER_S3_BUCKET] = KNOWN(s3_bucket_members),
	[MEMBER_S3_OBJECT] = KNOWN(s3_object_members),
	[MEMBER_SNS] = KNOWN(sns_members),
	[MEMBER_DETAIL] = KNOWN(detail_members),
	[MEMBER_DETAIL_BUCKET] = KNOWN(detail_bucket_members),
	[MEMBER_DETAIL_OBJECT] = KNOWN(detail_object_members),
	[MEMBER_INVOCATION] = KNOWN(invocation_members),
#undef KNOWN
};

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

static struct member_print print_of(struct str name)
{
	struct member_print print = { load(name.p, name.n), 0 };

	if (name.n > 8)
		print.tail = load(name.p + name.n - 8, 8);
	return print;
}

static unsigned slot_of(unsigned in, size_t n, struct member_print print)
{
	uint64_t mixed = (print.head ^ (print.tail << 1) ^ n ^ in << 8) *
			 UINT64_C(0x9E3779B97F4A7C15);

	return (unsigned)(mixed >> 57);
}

void member_index_init(struct member_index *index)
{
	memset(index, 0, sizeof(*index));
	for (unsigned in = 0; in < MEMBER_FIELD; in++) {
		for (size_t i = 0; i < known_members[in].count; i++) {
			const struct row *m = &known_members[in].list[i];
			struct member_print print = print_of(m->name);
			unsigned slot = slot_of(in, m->name.n, print);

			while (index->slots[slot].n > 0)
				slot = (slot + 1) % MEMBER_INDEX_SIZE;
			index->slots[slot] = (struct member_indexed){
				print, (unsigned char)m->name.n,
				(unsigned char)in, m->to };
		}
	}
}

unsigned member_find(const struct member_index *index, unsigned in,
		     struct str name)
{
	const struct member_indexed *entry;
	struct member_print print;
	unsigned slot;

	if (name.n == 0 || name.n > NAME_MAX_BYTES)
		return MEMBER_SKIP;
	print = print_of(name);
	slot = slot_of(in, name.n, print);
	for (;; slot = (slot + 1) % MEMBER_INDEX_SIZE) {
		entry = &index->slots[slot];
		if (entry->print.head == print.head &&
		    entry->print.tail == print.tail && entry->n == name.n &&
		    entry->in == in)
			return entry->to;
		if (entry->n == 0)
			return MEMBER_SKIP;
	}
}
