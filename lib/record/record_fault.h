/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_fault: may the members of a record go into requests?
 *
 * Whoever can write to a queue can write an event, so names and tags are looked
 * at before they become part of a URL or a header.  The same is asked when an
 * event is read and when a record is, so that what s3ev-split writes is what
 * its neighbours take.  Pure, nothing is owned.
 */
#ifndef S3EV_RECORD_FAULT_H
#define S3EV_RECORD_FAULT_H

#include <stdbool.h>

#include "base/str.h"
#include "record/record.h"

enum {
	RECORD_BUCKET_MAX = 255,	/* once allowed in us-east-1; now 63 */
	RECORD_ETAG_MAX = 256,
	RECORD_VERSION_MAX = 1024,	/* S3's own limit */
	RECORD_SEQUENCER_MAX = 64,	/* S3 sends up to 18 digits */
	RECORD_NAME_MAX = 256		/* of an event, or its source */
};

/* 50 TB, the most that an object of S3 can have. */
#define RECORD_SIZE_MAX (50ULL << 40)

/*
 * Is it a bucket's name: letters, digits, "-", "." and "_", the first of them
 * neither "-" nor "."?  S3 gives out less today: 3 to 63 characters, in lower
 * case and without "_".  What it gave out before 2018 is still in use, and so
 * are shorter names on other servers.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
bool record_is_bucket_name(struct str bucket);

/* Is it that, or the ARN of an access point, which stands for a bucket? */
bool record_is_bucket(struct str bucket);

/*
 * Does it stand for what events do not announce: the ARN of an access point, or
 * a directory bucket, NAME--ZONE--x-s3?  Both send requests to other hosts.
 */
bool record_is_special_bucket(struct str bucket);

/* May it be an ETag, or a version?  Both may be absent. */
bool record_is_etag(struct str etag);
bool record_is_version_id(struct str version);

/*
 * Why no request can be made of these members, or NULL: bucket, that of the
 * copy, version, etag, those read by filters, sequencer, size, event, source,
 * trace.  The key is not looked at; it is encoded wherever it goes.
 */
const char *record_fault(const struct record *record);

#endif
