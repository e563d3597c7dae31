/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3_metadata: the names of metadata, and of those that are ours.
 *
 * They are what objects that were written before have, so none may change.  What
 * an uploader says under our names is not believed, see metadata.h.
 */
#ifndef S3EV_S3_METADATA_H
#define S3EV_S3_METADATA_H

#define S3_METADATA		"x-amz-meta-"
#define S3_METADATA_OURS	S3_METADATA "s3ev-"

/* The id of the record that an object was made from. */
#define S3_METADATA_ID		S3_METADATA_OURS "id"

/* Of an output of a processor: the ETag of what it was made from. */
#define S3_METADATA_ETAG	S3_METADATA_OURS "etag"

/* Of an object without bytes that keeps a key, see multipart.h: a record's id. */
#define S3_METADATA_CLAIM	S3_METADATA_OURS "claim"

/* Of an object that came in parts, see multipart.h: no other upload has it. */
#define S3_METADATA_UPLOAD	S3_METADATA_OURS "upload"

/* Of an explanation, see why.h: it is one. */
#define S3_METADATA_WHY		S3_METADATA_OURS "why"

#endif
