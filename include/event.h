/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event: from whatever carries S3 object events to one struct record each.
 *
 * Input is a stream of JSON documents, one after the other, in pieces of any
 * size; memory depends on neither.  A document is recognised by its members,
 * never by an option, and may hold others, as objects or as strings:
 *
 *	S3 notification		Records[] with s3, eventVersion 2.x
 *	SQS			Records[] with messageId and body, or the
 *				Messages[] of ReceiveMessage
 *	SNS			Records[].Sns, or Type "Notification"
 *	EventBridge		source "aws.s3", detail
 *	Lambda destination	requestPayload
 *	S3 Batch Operations	tasks[], schema 1.0 and 2.0
 *	an invocation		invocation with an id, then event; only as
 *				the outermost
 *
 * Keys come out decoded, each as its source encodes it:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 * form-encoded; Ceph and EventBridge: not at all; Batch: percent-encoded.
 */
#ifndef S3EV_EVENT_H
#define S3EV_EVENT_H

#include <stddef.h>

#include "envelope.h"
#include "err.h"
#include "record.h"
#include "str.h"

/* Who waits for what becomes of a document. */
struct event_invocation {
	struct str id;
	struct str trace;		/* absent if unknown */
	unsigned long long deadline;	/* ms since 1970, 0 if unknown */
};

/*
 * What is called while events are read; each returns 0, or -1 to stop.  All
 * text is borrowed for the time of the call.
 */
struct event_handler {
	/* An object's event.  Absent members are unknown. */
	int (*record)(void *ctx, const struct record *record,
		      const struct envelope_from *from);

	/*
	 * Something is no S3 event: code is "NotAnS3Event", "InvalidEvent" or
	 * "InvalidJSON".  from tells which message it was in.
	 */
	int (*refuse)(void *ctx, const struct err *err,
		      const struct envelope_from *from);

	/* A document that is rightly without records, like s3:TestEvent. */
	void (*note)(void *ctx, struct str what);

	/* The document that has begun is this one's. */
	int (*invocation)(void *ctx, const struct event_invocation *invocation);

	/* An input document has ended (refused or not). */
	int (*end)(void *ctx);
};

struct event_reader;

/* handler and ctx are borrowed.  NULL if memory is out. */
struct event_reader *event_reader_new(const struct event_handler *handler,
				      void *ctx);
void event_reader_free(struct event_reader *reader);

/*
 * Read n more bytes.  A document that is no JSON is refused, and reading goes
 * on at the next line that begins with a brace or bracket.  Returns -1 when a
 * callback stopped or memory is out.
 */
int event_feed(struct event_reader *reader, const char *bytes, size_t n,
	       struct err *err);

/* The input has ended; a document that is cut off is refused. */
int event_end(struct event_reader *reader, struct err *err);

#endif
