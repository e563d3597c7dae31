/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event: from whatever carries S3 object events to one struct record each.
 *
 * The room event reads all forms of S3 events, and writes records and marks.
 *
 * Input is a stream of JSON documents, one after the other, in pieces of any
 * size; memory does not grow with its length.  A document is recognised by its
 * members, never by an option, and may hold others, as objects or as strings:
 *
 *	S3 notification		Records[] with s3, eventVersion 2.x
 *	other forms		see dialect.h
 *	CloudTrail's message	s3Bucket, s3ObjectKey[]: a record for each key
 *	an HTTP request		requestContext and body, also in base64
 *	SQS			Records[] with messageId and body, or the
 *				Messages[] of ReceiveMessage
 *	SNS			Records[].Sns, or Type "Notification"
 *	EventBridge		source "aws.s3", detail
 *	Lambda destination	requestPayload
 *	S3 Batch Operations	tasks[], schema 1.0 and 2.0
 *	an invocation		invocation with an id, then event; only as
 *				the outermost
 *
 * A document is walked like this; up to 16 may be open at a time:
 *
 *	text		the input, or a string in a document
 *	 `- document	{...}: its known members are noted; see event_names.h
 *	     |- list	[...]: each element is a document
 *	     |- object	{...}: requestPayload or event, a document
 *	     `- string	a message's body: a text, read when the document ends
 *			(or the same as an object), or a document, or a detail
 *
 * When a document ends, envelope.h says what it was, and a callback is made.
 *
 * A byte order mark before a document is passed over (RFC 8259, 8.1).
 *
 * Keys come out decoded.  S3 notifications encode them as forms do, with the
 * exceptions of key_form.h; Batch percent-encodes them; all others do not
 * encode them:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
#ifndef S3EV_EVENT_H
#define S3EV_EVENT_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "event/envelope.h"
#include "event/key_form.h"
#include "record/record.h"

/* The invocation that waits for the results of a document. */
struct event_invocation {
	struct str id;
	struct str trace;		/* absent if unknown */
	unsigned long long deadline;	/* ms since 1970, 0 if unknown */
};

/*
 * Callbacks while events are read.  Each returns 0, or -1 to stop.  All text is
 * borrowed for the call.
 */
struct event_handler {
	/*
	 * An object's event.  Absent members are unknown.  bad_code or
	 * failed_code is set if a scanner has judged it; see envelope_read().
	 */
	int (*record)(void *ctx, const struct record *record,
		      const struct envelope_from *from);

	/*
	 * Something is not an S3 event: code is "NotAnS3Event", "InvalidEvent"
	 * or "InvalidJSON".  from tells which message it was in.
	 */
	int (*refuse)(void *ctx, const struct err *err,
		      const struct envelope_from *from);

	/* A known document that has no records, such as s3:TestEvent. */
	void (*note)(void *ctx, struct str what);

	/* The document being read belongs to this invocation. */
	int (*invocation)(void *ctx, const struct event_invocation *invocation);

	/* An input document has ended (refused or not). */
	int (*end)(void *ctx);
};

struct event_reader;

/* handler and ctx are borrowed.  NULL if memory is out. */
struct event_reader *event_reader_new(const struct event_handler *handler,
				      void *ctx);
void event_reader_free(struct event_reader *reader);

/* How S3 notifications write keys, if the user knows; see key_form.h. */
void event_reader_keys(struct event_reader *reader, enum key_form form);

/*
 * Read n more bytes.  A document that is not JSON is refused; reading then goes
 * on at the next line that begins with a brace or bracket.  Returns -1 if a
 * callback stopped or memory is out.
 */
int event_feed(struct event_reader *reader, const char *bytes, size_t n,
	       struct err *err);

/* The input has ended; a document that is cut off is refused. */
int event_end(struct event_reader *reader, struct err *err);

#endif
