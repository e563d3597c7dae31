/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope: recognise a JSON document that may carry S3 events.
 *
 * event.c fills in the members of a document as it reads them.  When the
 * document is complete, envelope_read() says what it was: an object's event, a
 * message with another document in it, or something else.  No input or output
 * happens here.  Text is borrowed until envelope_keep() copies it to the arena.
 */
#ifndef S3EV_ENVELOPE_H
#define S3EV_ENVELOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "event/key_form.h"
#include "record/record.h"

/* The messages a record came in, for the answer.  Any may be absent. */
struct envelope_from {
	struct str sqs;		/* messageId */
	struct str receipt;	/* receipt handle */
	struct str sns;		/* MessageId */
	struct str batch;	/* taskId */
};

/* Members whose text is kept. */
enum envelope_field {
	/* of an S3 notification */
	ENVELOPE_EVENT_VERSION, ENVELOPE_EVENT_SOURCE, ENVELOPE_REGION,
	ENVELOPE_TIME, ENVELOPE_NAME,
	/* of the object, there and in EventBridge */
	ENVELOPE_BUCKET, ENVELOPE_KEY, ENVELOPE_SIZE, ENVELOPE_ETAG,
	ENVELOPE_VERSION, ENVELOPE_SEQUENCER,
	/* of a queue */
	ENVELOPE_BODY, ENVELOPE_MESSAGE_ID, ENVELOPE_RECEIPT,
	/* of a topic */
	ENVELOPE_TYPE, ENVELOPE_MESSAGE, ENVELOPE_SNS_MESSAGE, ENVELOPE_SNS_ID,
	/* of EventBridge */
	ENVELOPE_DETAIL_TYPE, ENVELOPE_SOURCE, ENVELOPE_BRIDGE_REGION,
	ENVELOPE_BRIDGE_TIME, ENVELOPE_REASON, ENVELOPE_DELETION_TYPE,
	/* of a test event */
	ENVELOPE_TEST,
	/* of a task of S3 Batch Operations */
	ENVELOPE_TASK_ID, ENVELOPE_TASK_KEY, ENVELOPE_TASK_VERSION,
	ENVELOPE_TASK_ARN, ENVELOPE_TASK_BUCKET,
	/* that tell servers apart, see key_form.h */
	ENVELOPE_RESPONSE, ENVELOPE_IDENTITY,
	/* of an HTTP request */
	ENVELOPE_BASE64,
	/* of forms that are not S3's own, see dialect.h */
	ENVELOPE_OTHER_BUCKET, ENVELOPE_OTHER_KEY, ENVELOPE_OTHER_SIZE,
	ENVELOPE_OTHER_ETAG, ENVELOPE_OTHER_VERSION, ENVELOPE_OTHER_SEQUENCER,
	ENVELOPE_ACTION, ENVELOPE_EVENT_TYPE, ENVELOPE_TIMESTAMP,
	ENVELOPE_SCAN, ENVELOPE_SCAN_STATUS, ENVELOPE_THREAT,

	ENVELOPE_FIELDS
};

enum { ENVELOPE_NAMES_SHOWN = 5 };

/* A key of a list of keys. */
struct envelope_key {
	struct str key;
	struct envelope_key *next;
};

struct envelope {
	struct arena arena;		/* for text that must be kept */
	struct str fields[ENVELOPE_FIELDS];
	uint64_t set;			/* bits of the fields that are there */
	uint64_t odd;			/* and of those with a wrong type */
	bool has_s3, has_detail, has_list, has_context;
	struct envelope_key *keys, **last_key;	/* in the arena */
	struct envelope_from from;
	enum key_form form;		/* of keys, if the user says so */

	const struct envelope_sign *sign;	/* a guess, if it is no event */
	struct str names[ENVELOPE_NAMES_SHOWN];
	size_t name_count;
};

/* Begin a document inside the messages of from, or in none (all absent). */
void envelope_begin(struct envelope *envelope,
		    const struct envelope_from *from);

/* Set a member's text, which is borrowed; an absent text removes it. */
static inline void envelope_set(struct envelope *envelope,
				enum envelope_field field, struct str text)
{
	uint64_t bit = UINT64_C(1) << field;

	envelope->fields[field] = text;
	envelope->set = text.p ? envelope->set | bit : envelope->set & ~bit;
	envelope->odd &= ~bit;
}

static inline bool envelope_has(const struct envelope *envelope,
				enum envelope_field field)
{
	return envelope->set >> field & 1;
}

/* A member's text, absent if there is none. */
static inline struct str envelope_field(const struct envelope *envelope,
					enum envelope_field field)
{
	return envelope_has(envelope, field) ? envelope->fields[field] :
					       STR_NONE;
}

/* The same; some sources write "" for what they do not know. */
static inline struct str envelope_known(const struct envelope *envelope,
					enum envelope_field field)
{
	struct str text = envelope_field(envelope, field);

	return text.n > 0 ? text : STR_NONE;
}

/* One more key of a list of keys.  Returns -1 if memory is out. */
int envelope_add_key(struct envelope *envelope, struct str key);

/* The member is there, but is neither text nor number. */
void envelope_set_odd(struct envelope *envelope, enum envelope_field field);

/*
 * Copy all text that is borrowed from the n bytes at p, which are about to go
 * away.  Returns -1 if memory is out.
 */
int envelope_keep(struct envelope *envelope, const char *p, size_t n);

/*
 * The document, or its requestContext, has a member that we do not use.
 * Remember its name: if the document is refused, it helps to say what the
 * document is.
 */
void envelope_remember(struct envelope *envelope, struct str name);

enum envelope_kind {
	ENVELOPE_EVENT,		/* record is an object's event */
	ENVELOPE_TEXT,		/* text is another document */
	ENVELOPE_KEYS,		/* see envelope_read_key() */
	ENVELOPE_LIST,		/* its lists have been read already */
	ENVELOPE_NOTE,		/* known to be without events: text says why */
	ENVELOPE_REFUSED	/* err says why */
};

/*
 * The document is complete: say what it is.  record must be all absent, or as
 * an earlier call left it.  Its text then lies in the envelope, in what the
 * envelope borrows from, or in id; its key is decoded, and its time in UTC.  If
 * a scanner has judged the object, bad_code and bad_reason are set; if it could
 * not, failed_code and failed_message.  Also completes envelope->from.  Call
 * this once a document.
 */
enum envelope_kind envelope_read(struct envelope *envelope,
				 struct record *record,
				 char id[RECORD_ID_SIZE + 1], struct str *text,
				 struct err *err);

/*
 * Take the first key off the list: ENVELOPE_EVENT or ENVELOPE_REFUSED.  There
 * are more while envelope->keys is not NULL.
 */
enum envelope_kind envelope_read_key(struct envelope *envelope,
				     struct record *record,
				     char id[RECORD_ID_SIZE + 1],
				     struct err *err);

/* text without a byte order mark in front of it (RFC 8259, 8.1). */
struct str envelope_skip_mark(struct str text);

/* Does text begin as an object, an array or a string of JSON? */
bool envelope_may_be_json(struct str text);

/*
 * Returns why this cannot be the record of an object, or NULL.  Sets size from
 * size_text.
 */
const char *envelope_fault(struct record *record);

/*
 * Append the member "from": the messages, and the position of the record in its
 * input document, from 0.  Appends nothing if there is nothing to say.
 */
void envelope_put_from(struct buf *out, const struct envelope_from *from,
		       unsigned long long position);

/*
 * S3's own name for an event of EventBridge, or an absent str.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-mapping-troubleshooting.html
 */
struct str envelope_event_name(struct str detail_type, struct str reason,
			       struct str deletion_type);

#endif
