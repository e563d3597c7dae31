/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dialect: events of objects in forms that are not S3's own.
 *
 *	Cloudflare R2	action, bucket, object, eventTime
 *	Backblaze B2	events[] with eventType b2:..., bucketName, objectName
 *	EventBridge	the detail of an S3 event alone, as an InputPath leaves it
 *	GuardDuty	the result of a scan, from EventBridge: s3ObjectDetails
 *			and scanResultDetails
 *
 * All of them write keys as they are.  Events get S3's own names.
 *
 * https://developers.cloudflare.com/r2/buckets/event-notifications/
 * https://www.backblaze.com/docs/cloud-storage-event-notifications-reference-guide
 * https://docs.aws.amazon.com/guardduty/latest/ug/monitor-with-eventbridge-s3-malware-protection.html
 */
#ifndef S3EV_DIALECT_H
#define S3EV_DIALECT_H

#include <stdbool.h>

#include "base/str.h"
#include "event/envelope.h"
#include "record/record.h"

/*
 * Is the complete document one of these?  Then its members are set in record,
 * all of whose other members are absent; text is borrowed from the envelope.
 */
bool dialect_read(struct envelope *envelope, struct record *record);

/* What the document is, if it is one of these and no event; absent if not. */
struct str dialect_note(const struct envelope *envelope);

/* Why it is none of these, though it nearly is; NULL if it is not. */
const char *dialect_fault(const struct envelope *envelope);

#endif
