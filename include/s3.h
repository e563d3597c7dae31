/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3: the operations of S3 that the filters need, by S3's own names.
 *
 * Every read is pinned: to the version if it is known, else to the ETag, so
 * that what is read is what was announced or nothing at all: an answer that
 * shows another version or ETag, from a server that does not know conditions,
 * is "PreconditionFailed" too, after its last byte.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html
 */
#ifndef S3EV_S3_H
#define S3EV_S3_H

#include <stdbool.h>

#include "aws.h"
#include "checksum.h"
#include "err.h"
#include "sigv4.h"
#include "slice.h"
#include "str.h"

/* An object; version and ETag (without quotes) may be absent. */
struct s3_object {
	struct str bucket;
	struct str key;
	struct str version;
	struct str etag;
};

/* Headers to send along; what is absent is not sent. */
struct s3_options {
	struct str owner;	/* account that the buckets must belong to */
	struct str payer;	/* "requester": we pay */
	struct str sse;		/* of what is written: "aws:kms", "AES256" */
	struct str kms_key_id;
	struct str storage_class;
	bool no_tags;		/* of copies: leave tags out */
	unsigned long long part_size;	/* of transfers, see transfer.h */
};

/*
 * A call.  The caller sets, in aws: arena, done, arg, and for s3_get() sink
 * and rewind, and options, which may be NULL; then everything is borrowed until done.  The result is good
 * when aws.err.code is empty; its text lies in the arena.
 */
struct s3_call {
	struct aws_call aws;	/* first: a call is an aws_call */
	const struct s3_options *options;
	struct str range;	/* for s3_get(): "bytes=0-99", or absent */

	struct str etag;	/* without quotes */
	struct str version;
	unsigned long long size;	/* of the body or, for HEAD, the object */
	bool has_size;
	bool etag_is_md5;	/* the ETag is the MD5 of the content */
	bool is_taken;		/* nothing was written: a thing is there already */

	/* A checksum of the whole object, in base64, or CHECKSUM_NONE. */
	enum checksum_kind checksum;
	struct str checksum_value;
	struct str upload;	/* the id of a multipart upload */
	struct str record_id;	/* x-amz-meta-s3ev-id: what it was made from */

	struct str bucket, key;	/* private from here on */
	const char *needs;	/* what permission it takes */
	bool writes;		/* where something may be already */
	const char *root;	/* of the XML in a good answer, or NULL */
	struct str pinned_version, pinned_etag;
	struct str sent_checksum;
};

/*
 * From within a sink: read what the headers say, as it will stand in the call
 * when it is done.
 */
void s3_read_answer(struct s3_call *call);

/*
 * The same, before the first byte of an answer is taken that goes on with an
 * object, of this ETag, from byte at.  0: so many bytes are to be passed over,
 * all before at where the server knows no ranges.  -1 with err: it is another
 * object ("PreconditionFailed") or another range.
 */
int s3_read_on(struct s3_call *call, struct str etag, unsigned long long at,
	       unsigned long long *skip, struct err *err);

/*
 * What to do about an object that is at the destination already.  S3_OVERWRITE
 * overwrites only what has the ETag of the destination, if that has one; else
 * the answer is as with S3_KEEP, or "NoSuchKey" where nothing is.
 */
enum s3_overwrite { S3_KEEP, S3_OVERWRITE };

void s3_get(struct aws *aws, struct s3_call *call,
	    const struct s3_object *object);
void s3_head(struct aws *aws, struct s3_call *call,
	     const struct s3_object *object);

/*
 * Copy from to the bucket and key of to, with its metadata and tags.  With
 * S3_KEEP an object that is there is not overwritten ("PreconditionFailed"
 * and call->is_taken) by a server that knows If-None-Match on copies: AWS
 * does, others take the header and overwrite, so look first.  Sources of more
 * than S3_COPY_MAX bytes are refused by AWS.
 */
#define S3_COPY_MAX 5368709120ULL
void s3_copy(struct aws *aws, struct s3_call *call,
	     const struct s3_object *from, const struct s3_object *to,
	     enum s3_overwrite overwrite);

/* What is to be written; all borrowed until done. */
struct s3_content {
	struct str bytes;
	const struct slice *slice;	/* instead of bytes, if not NULL */
	struct str type;		/* Content-Type, may be absent */
	const struct sigv4_header *headers;	/* x-amz-meta-... */
	size_t n_headers;
};

/*
 * Put an object.  A part of a file is read as it is sent, and again for each
 * try, never into memory as a whole; before that it is read for its checksum,
 * which the server compares ("BadDigest"; AWS_REQUEST_CHECKSUM_CALCULATION),
 * and, without TLS, for the signature.  With S3_KEEP an object that is there is
 * not overwritten ("PreconditionFailed" and call->is_taken), as for s3_copy().
 */
void s3_put(struct aws *aws, struct s3_call *call,
	    const struct s3_object *to, const struct s3_content *content,
	    enum s3_overwrite overwrite);

/*
 * Delete exactly object->version, if it has one; else the current object, if
 * it still has object->etag (AWS; other servers do not look at the condition).
 */
void s3_delete(struct aws *aws, struct s3_call *call,
	       const struct s3_object *object);

/*
 * The version that was asked for is not there: 404 of an object, 412 of a
 * pinned read, 405 of a delete marker.  A missing bucket is something else.
 */
bool s3_is_gone(const struct err *err);

/* Is the text an MD5 in hex, as the ETag of a simple upload is? */
bool s3_etag_is_md5(struct str etag);

#endif
