/* SPDX-License-Identifier: Apache-2.0 */
#include "event/event_names.h"

#include <stddef.h>
#include <string.h>

#include "event/envelope.h"

enum { NAME_MAX_BYTES = 17 };	/* no known name is longer */

struct row {
	struct str name;
	unsigned char to;
};

#define ROW(name, to) { { name, sizeof(name) - 1 }, to }
static const struct row doc_members[] = {
	ROW("Records", EVENT_NAME_LIST),
	ROW("eventVersion", EVENT_NAME_FIELD + ENVELOPE_EVENT_VERSION),
	ROW("eventSource", EVENT_NAME_FIELD + ENVELOPE_EVENT_SOURCE),
	ROW("awsRegion", EVENT_NAME_FIELD + ENVELOPE_REGION),
	ROW("eventTime", EVENT_NAME_FIELD + ENVELOPE_TIME),
	ROW("eventName", EVENT_NAME_FIELD + ENVELOPE_NAME),
	ROW("s3", EVENT_NAME_S3),
	ROW("EventSource", EVENT_NAME_FIELD + ENVELOPE_EVENT_SOURCE),
	ROW("Sns", EVENT_NAME_SNS),
	ROW("messageId", EVENT_NAME_FIELD + ENVELOPE_MESSAGE_ID),
	ROW("MessageId", EVENT_NAME_FIELD + ENVELOPE_MESSAGE_ID),
	ROW("receiptHandle", EVENT_NAME_FIELD + ENVELOPE_RECEIPT),
	ROW("ReceiptHandle", EVENT_NAME_FIELD + ENVELOPE_RECEIPT),
	ROW("body", EVENT_NAME_FIELD + ENVELOPE_BODY),
	ROW("Body", EVENT_NAME_FIELD + ENVELOPE_BODY),
	ROW("Messages", EVENT_NAME_LIST),
	ROW("Type", EVENT_NAME_FIELD + ENVELOPE_TYPE),
	ROW("Message", EVENT_NAME_FIELD + ENVELOPE_MESSAGE),
	ROW("Event", EVENT_NAME_FIELD + ENVELOPE_TEST),
	ROW("source", EVENT_NAME_FIELD + ENVELOPE_SOURCE),
	ROW("detail-type", EVENT_NAME_FIELD + ENVELOPE_DETAIL_TYPE),
	ROW("region", EVENT_NAME_FIELD + ENVELOPE_BRIDGE_REGION),
	ROW("time", EVENT_NAME_FIELD + ENVELOPE_BRIDGE_TIME),
	ROW("detail", EVENT_NAME_DETAIL),
	ROW("requestPayload", EVENT_NAME_DOC),
	ROW("requestContext", EVENT_NAME_CONTEXT),
	ROW("tasks", EVENT_NAME_LIST),
	ROW("taskId", EVENT_NAME_FIELD + ENVELOPE_TASK_ID),
	ROW("s3Key", EVENT_NAME_FIELD + ENVELOPE_TASK_KEY),
	ROW("s3VersionId", EVENT_NAME_FIELD + ENVELOPE_TASK_VERSION),
	ROW("s3BucketArn", EVENT_NAME_FIELD + ENVELOPE_TASK_ARN),
	ROW("s3Bucket", EVENT_NAME_FIELD + ENVELOPE_TASK_BUCKET),
	ROW("invocation", EVENT_NAME_INVOCATION),
	ROW("event", EVENT_NAME_EVENT),
	ROW("responseElements", EVENT_NAME_FIELD + ENVELOPE_RESPONSE),
	ROW("userIdentity", EVENT_NAME_FIELD + ENVELOPE_IDENTITY),
	ROW("isBase64Encoded", EVENT_NAME_FIELD + ENVELOPE_BASE64),
	ROW("s3ObjectKey", EVENT_NAME_KEYS),
	/* Cloudflare R2; and the detail of EventBridge alone */
	ROW("action", EVENT_NAME_FIELD + ENVELOPE_ACTION),
	ROW("bucket", EVENT_NAME_OTHER_BUCKET),
	ROW("object", EVENT_NAME_OTHER_OBJECT),
	ROW("reason", EVENT_NAME_FIELD + ENVELOPE_REASON),
	ROW("deletion-type", EVENT_NAME_FIELD + ENVELOPE_DELETION_TYPE),
	/* Backblaze B2 */
	ROW("events", EVENT_NAME_LIST),
	ROW("eventType", EVENT_NAME_FIELD + ENVELOPE_EVENT_TYPE),
	ROW("eventTimestamp", EVENT_NAME_FIELD + ENVELOPE_TIMESTAMP),
	ROW("bucketName", EVENT_NAME_FIELD + ENVELOPE_OTHER_BUCKET),
	ROW("objectName", EVENT_NAME_FIELD + ENVELOPE_OTHER_KEY),
	ROW("objectSize", EVENT_NAME_FIELD + ENVELOPE_OTHER_SIZE),
	ROW("objectVersionId", EVENT_NAME_FIELD + ENVELOPE_OTHER_VERSION),
	/* GuardDuty's detail alone */
	ROW("s3ObjectDetails", EVENT_NAME_SCANNED),
	ROW("scanResultDetails", EVENT_NAME_SCAN),
	ROW("scanStatus", EVENT_NAME_FIELD + ENVELOPE_SCAN_STATUS),
};
static const struct row other_bucket_members[] = {
	ROW("name", EVENT_NAME_FIELD + ENVELOPE_OTHER_BUCKET),
};
static const struct row other_object_members[] = {
	ROW("key", EVENT_NAME_FIELD + ENVELOPE_OTHER_KEY),
	ROW("size", EVENT_NAME_FIELD + ENVELOPE_OTHER_SIZE),
	ROW("etag", EVENT_NAME_FIELD + ENVELOPE_OTHER_ETAG),
	ROW("eTag", EVENT_NAME_FIELD + ENVELOPE_OTHER_ETAG),
	ROW("version-id", EVENT_NAME_FIELD + ENVELOPE_OTHER_VERSION),
	ROW("sequencer", EVENT_NAME_FIELD + ENVELOPE_OTHER_SEQUENCER),
};
static const struct row scanned_members[] = {
	ROW("bucketName", EVENT_NAME_FIELD + ENVELOPE_OTHER_BUCKET),
	ROW("objectKey", EVENT_NAME_FIELD + ENVELOPE_OTHER_KEY),
	ROW("eTag", EVENT_NAME_FIELD + ENVELOPE_OTHER_ETAG),
	ROW("versionId", EVENT_NAME_FIELD + ENVELOPE_OTHER_VERSION),
};
static const struct row scan_members[] = {
	ROW("scanResultStatus", EVENT_NAME_FIELD + ENVELOPE_SCAN),
	ROW("threats", EVENT_NAME_THREATS),
};
static const struct row threat_members[] = {
	ROW("name", EVENT_NAME_THREAT_NAME),
};
static const struct row s3_members[] = {
	ROW("bucket", EVENT_NAME_S3_BUCKET),
	ROW("object", EVENT_NAME_S3_OBJECT),
};
static const struct row s3_bucket_members[] = {
	ROW("name", EVENT_NAME_FIELD + ENVELOPE_BUCKET),
};
static const struct row s3_object_members[] = {
	ROW("key", EVENT_NAME_FIELD + ENVELOPE_KEY),
	ROW("size", EVENT_NAME_FIELD + ENVELOPE_SIZE),
	ROW("eTag", EVENT_NAME_FIELD + ENVELOPE_ETAG),
	ROW("versionId", EVENT_NAME_FIELD + ENVELOPE_VERSION),
	ROW("sequencer", EVENT_NAME_FIELD + ENVELOPE_SEQUENCER),
};
static const struct row sns_members[] = {
	ROW("Message", EVENT_NAME_FIELD + ENVELOPE_SNS_MESSAGE),
	ROW("MessageId", EVENT_NAME_FIELD + ENVELOPE_SNS_ID),
};
static const struct row detail_members[] = {
	ROW("bucket", EVENT_NAME_DETAIL_BUCKET),
	ROW("object", EVENT_NAME_DETAIL_OBJECT),
	ROW("reason", EVENT_NAME_FIELD + ENVELOPE_REASON),
	ROW("deletion-type", EVENT_NAME_FIELD + ENVELOPE_DELETION_TYPE),
	ROW("s3ObjectDetails", EVENT_NAME_SCANNED),
	ROW("scanResultDetails", EVENT_NAME_SCAN),
	ROW("scanStatus", EVENT_NAME_FIELD + ENVELOPE_SCAN_STATUS),
};
static const struct row detail_bucket_members[] = {
	ROW("name", EVENT_NAME_FIELD + ENVELOPE_BUCKET),
};
static const struct row detail_object_members[] = {
	ROW("key", EVENT_NAME_FIELD + ENVELOPE_KEY),
	ROW("size", EVENT_NAME_FIELD + ENVELOPE_SIZE),
	ROW("etag", EVENT_NAME_FIELD + ENVELOPE_ETAG),
	ROW("version-id", EVENT_NAME_FIELD + ENVELOPE_VERSION),
	ROW("sequencer", EVENT_NAME_FIELD + ENVELOPE_SEQUENCER),
};
static const struct row invocation_members[] = {
	ROW("id", EVENT_NAME_INVOCATION_ID),
	ROW("deadline", EVENT_NAME_INVOCATION_DEADLINE),
	ROW("trace", EVENT_NAME_INVOCATION_TRACE),
};
#undef ROW

/* The known members, by the node they are in. */
static const struct {
	const struct row *list;
	size_t count;
} known_members[EVENT_NAME_FIELD] = {
#define KNOWN(list) { list, sizeof(list) / sizeof(*(list)) }
	[EVENT_NAME_DOC] = KNOWN(doc_members),
	[EVENT_NAME_S3] = KNOWN(s3_members),
	[EVENT_NAME_S3_BUCKET] = KNOWN(s3_bucket_members),
	[EVENT_NAME_S3_OBJECT] = KNOWN(s3_object_members),
	[EVENT_NAME_SNS] = KNOWN(sns_members),
	[EVENT_NAME_DETAIL] = KNOWN(detail_members),
	[EVENT_NAME_DETAIL_BUCKET] = KNOWN(detail_bucket_members),
	[EVENT_NAME_DETAIL_OBJECT] = KNOWN(detail_object_members),
	[EVENT_NAME_OTHER_BUCKET] = KNOWN(other_bucket_members),
	[EVENT_NAME_OTHER_OBJECT] = KNOWN(other_object_members),
	[EVENT_NAME_SCANNED] = KNOWN(scanned_members),
	[EVENT_NAME_SCAN] = KNOWN(scan_members),
	[EVENT_NAME_THREAT] = KNOWN(threat_members),
	[EVENT_NAME_INVOCATION] = KNOWN(invocation_members),
#undef KNOWN
};

/*
 * Up to 8 bytes as one word.  Shorter names are read in overlapping parts, so
 * that no byte outside of the name is read.
 */
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

static struct event_names_print print_of(struct str name)
{
	struct event_names_print print = { load(name.p, name.n), 0 };

	if (name.n > 8)
		print.tail = load(name.p + name.n - 8, 8);
	return print;
}

/* Mix the bits by a multiplication; the top 8 choose one of 256 slots. */
static unsigned slot_of(unsigned in, size_t n, struct event_names_print print)
{
	uint64_t mixed = (print.head ^ (print.tail << 1) ^ n ^ in << 8) *
			 UINT64_C(0x9E3779B97F4A7C15);

	return (unsigned)(mixed >> 56);
}

void event_names_index_init(struct event_names_index *index)
{
	memset(index, 0, sizeof(*index));
	for (unsigned in = 0; in < EVENT_NAME_FIELD; in++) {
		for (size_t i = 0; i < known_members[in].count; i++) {
			const struct row *m = &known_members[in].list[i];
			struct event_names_print print = print_of(m->name);
			unsigned slot = slot_of(in, m->name.n, print);

			while (index->slots[slot].n > 0)
				slot = (slot + 1) % EVENT_NAME_INDEX_SIZE;
			index->slots[slot] = (struct event_names_indexed){
				print, (unsigned char)m->name.n,
				(unsigned char)in, m->to };
		}
	}
}

unsigned event_names_find(const struct event_names_index *index, unsigned in,
		     struct str name)
{
	const struct event_names_indexed *entry;
	struct event_names_print print;
	unsigned slot;

	if (name.n == 0 || name.n > NAME_MAX_BYTES)
		return EVENT_NAME_SKIP;
	print = print_of(name);
	slot = slot_of(in, name.n, print);
	for (;; slot = (slot + 1) % EVENT_NAME_INDEX_SIZE) {
		entry = &index->slots[slot];
		if (entry->print.head == print.head &&
		    entry->print.tail == print.tail && entry->n == name.n &&
		    entry->in == in)
			return entry->to;
		if (entry->n == 0)
			return EVENT_NAME_SKIP;
	}
}
