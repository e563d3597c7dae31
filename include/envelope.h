/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope: what a JSON document that may carry S3 events is.
 *
 * event.c fills in the members of a document as it reads them; when the
 * document is complete, envelope_read() says what it was: an object's event, a
 * message with another document in it, or something else.  Pure: nothing is
 * read or written here.
 */
#ifndef S3EV_ENVELOPE_H
#define S3EV_ENVELOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "err.h"
#include "record.h"
#include "str.h"

/* The messages a record came in, for the answer; absent where there was none. */
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

	ENVELOPE_FIELDS
};

enum { ENVELOPE_NAMES_SHOWN = 5 };

struct envelope {
	struct arena arena;		/* for text that has to be kept */
	struct str fields[ENVELOPE_FIELDS];
	uint32_t set;			/* which of them are there */
	uint32_t odd;			/* or are neither text nor number */
	bool has_s3, has_detail, has_list;
	struct envelope_from from;

	const struct envelope_sign *sign;	/* of what it is, if no event */
	struct str names[ENVELOPE_NAMES_SHOWN];
	size_t name_count;
};

/* Begin a document inside of another, or of none (from is all absent). */
void envelope_begin(struct envelope *envelope,
		    const struct envelope_from *from);

/* A member's text, borrowed; an absent one takes it away again. */
static inline void envelope_set(struct envelope *envelope,
				enum envelope_field field, struct str text)
{
	uint32_t bit = UINT32_C(1) << field;

	envelope->fields[field] = text;
	envelope->set = text.p ? envelope->set | bit : envelope->set & ~bit;
	envelope->odd &= ~bit;
}

/* The member is there, but neither text nor number. */
void envelope_set_odd(struct envelope *envelope, enum envelope_field field);

/*
 * The n bytes at p are about to go away: copy what is borrowed from them.  -1
 * if memory is out.
 */
int envelope_keep(struct envelope *envelope, const char *p, size_t n);

/*
 * The document, or its requestContext, has a member that means nothing to us;
 * until it is recognised, that is what could tell a person what it is.
 */
void envelope_remember(struct envelope *envelope, struct str name);

enum envelope_kind {
	ENVELOPE_EVENT,		/* record is an object's event */
	ENVELOPE_TEXT,		/* text is another document */
	ENVELOPE_LIST,		/* what it has is in its lists */
	ENVELOPE_NOTE,		/* rightly without events: text says why */
	ENVELOPE_REFUSED	/* err says why */
};

/*
 * The document is complete.  record, all absent but for what an earlier call
 * set, has text that lies in the envelope or what it borrows from (its id in
 * id), its key decoded: call this once.  envelope->from is completed.
 */
enum envelope_kind envelope_read(struct envelope *envelope,
				 struct record *record,
				 char id[RECORD_ID_SIZE + 1], struct str *text,
				 struct err *err);

/*
 * Why this cannot be an object's record, or NULL; its size is then set, if it
 * has one.
 */
const char *envelope_fault(struct record *record);

/*
 * Append the member "from": the messages, and which of its input document's
 * records it is, counted from 0.  Nothing, if there is nothing to say.
 */
void envelope_put_from(struct buf *out, const struct envelope_from *from,
		       unsigned long long position);

/*
 * S3's own name for what EventBridge tells, or an absent str.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-mapping-troubleshooting.html
 */
struct str envelope_event_name(struct str detail_type, struct str reason,
			       struct str deletion_type);

#endif
