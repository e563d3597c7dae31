/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3: the operations of S3 that the filters need, by S3's own names.
 *
 * Every read is pinned: to the version if it is known, else to the ETag, so
 * that what is read is what was announced or nothing at all: an answer that
 * shows another version or ETag, from a server that does not know conditions,
 * is "PreconditionFailed" too, after its last byte.  So is an answer whose
 * Last-Modified or checksum are not those of an earlier read, where no version
 * pins it.  Both are compared and no condition: beside If-Match,
 * If-Unmodified-Since does not count (RFC 9110, 13.2.2).
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html
 */
#ifndef S3EV_S3_H
#define S3EV_S3_H

#include <stdbool.h>

#include "aws/aws.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "hash/checksum.h"
#include "http/slice.h"
#include "record/record.h"

/*
 * An object; version and ETag (without quotes) may be absent, and what else a
 * read of it has learned.
 */
struct s3_object {
	struct str bucket;
	struct str key;
	struct str version;
	struct str etag;
	struct record_marks read;
};

/* The record's object, as it was announced and read. */
struct s3_object s3_object_of(const struct record *record);

/* Headers to send along; what is absent is not sent. */
struct s3_options {
	struct str owner;	/* account that the buckets must belong to */
	struct str payer;	/* "requester": we pay */
	struct str sse;		/* of what is written: "aws:kms", "AES256" */
	struct str kms_key_id;
	struct str storage_class;
	struct str acl;		/* a canned one: "bucket-owner-full-control" */
	bool no_tags;		/* of copies: leave tags out */
	bool no_annotations;	/* the same of S3's annotations */
	bool etag_is_no_md5;	/* whatever ETags look like here */
	bool no_modified;	/* Last-Modified says nothing here */
	unsigned long long part_size;	/* of transfers, see transfer.h */
	struct s3_quirks *quirks;	/* of the server; may be NULL */
};

/* What a run has found out about a server that is not AWS's; all false at first. */
struct s3_quirks {
	bool refuses_etag;	/* If-Match with the ETag that it shows */
	bool refuses_modified;	/* the same of copies and Last-Modified */
	bool no_checksums;	/* x-amz-checksum-... is an error */
	bool zips;		/* what is sent to who takes gzip */
};

/*
 * A call.  The caller sets, in aws: arena, done, arg, and for s3_get() sink and
 * rewind; and options, which may be NULL.  Everything is borrowed until done.
 * The result is good when aws.err.code is empty; its text lies in the arena.
 */
struct s3_call {
	struct aws_call aws;	/* first: a call is an aws_call */
	const struct s3_options *options;
	struct str range;	/* for s3_get(): "bytes=0-99", or absent */
	long long unmodified_since;	/* for s3_delete(), seconds since 1970; 0:
					 * whenever */
	int (*read)(void *arg, struct str document, struct err *err);
	void *read_arg;		/* both for s3_list() */
	bool wants_reason;	/* for s3_head(): is it the bucket that is not
				 * there, or the key? */
	bool no_gzip;		/* for s3_get(): take none */
	unsigned long long likely_size;	/* for s3_head(): what is looked for has
				 * it, 0: not known */

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
	struct str claim_id;	/* x-amz-meta-s3ev-claim, see multipart.h */
	struct str upload_mark;	/* x-amz-meta-s3ev-upload, see multipart.h */
	long long modified;	/* Last-Modified, seconds since 1970, or -1 */
	bool is_s3;		/* S3 answered, and not a proxy before it */
	bool is_marker;		/* a delete marker is there */
	bool is_unproved;	/* a PUT that was taken, without an ETag: look */

	struct str bucket, key;	/* private from here on */
	const char *needs;	/* what permission it takes */
	bool writes;		/* where something may be already */
	const char *root;	/* of the XML in a good answer, or NULL */
	struct str pinned_version, pinned_etag;
	struct record_marks pinned_read;
	struct str sent_checksum;
	struct aws *client;
	struct s3_object head;	/* that s3_head() is about, */
	void (*headed)(void *arg);	/* and whom it tells */
	void *headed_arg;
	struct err head_err;
	bool is_doubtful;	/* it was answered with 200, and no ETag */
};

/*
 * From within a sink: read what the headers say, as it will stand in the call
 * when it is done.  -1 if memory is out.
 */
int s3_read_answer(struct s3_call *call, struct err *err);

/*
 * From within a sink, after s3_read_answer(): do the bytes come zipped, although
 * they are not stored so?  We say that we take gzip, so that no server unzips
 * what is; but a proxy may zip the rest.  The quirks of the call's options then
 * remember it, and neither this call nor those after it take gzip.
 */
bool s3_is_zipped(struct s3_call *call);

/*
 * What stands before S3 may have a page of its own for every URL.  -1 with err
 * if a good answer, which has been read and not freed, looks like one, and has not
 * the ETag that is known (or absent).
 */
int s3_prove_answer(struct s3_call *call, struct str etag, struct err *err);

/*
 * What to do about an object that is at the destination already.  S3_OVERWRITE
 * overwrites only what has the ETag of the destination, if that has one; else
 * the answer is as with S3_KEEP, or "NoSuchKey" where nothing is.  S3_UNGUARDED
 * sends no condition: for servers that keep none, or answer 501 to them, after
 * one has looked.
 */
enum s3_overwrite { S3_KEEP, S3_OVERWRITE, S3_UNGUARDED };

/* What all calls of one piece of work have in common; all borrowed. */
struct s3_work {
	struct aws *aws;
	const struct s3_options *options;	/* may be NULL */
	const struct record *record;	/* whose deadline and trace hold, or
					 * NULL */
	struct arena *arena;		/* for the results */
};

/*
 * Make a call ready for its operation, which one of the functions below names;
 * done is called with arg at its end.  Returns call.
 */
struct s3_call *s3_begin(const struct s3_work *work, struct s3_call *call,
			 void (*done)(void *arg), void *arg);

/*
 * Free what a call that is done holds, but not its results, and return its
 * error.  The body and the headers of the answer are to be read before.
 */
struct err s3_end(struct s3_call *call);

void s3_get(struct aws *aws, struct s3_call *call,
	    const struct s3_object *object);

/*
 * HEAD.  An answer to it has no body, so where it refuses, or says "not found"
 * without a sign that it is S3's, one byte is asked for with GET, whose answer
 * says why, or who says so.  The same is done where it shows no ETag: it may be
 * a proxy's answer to everything.  If nothing shows an object then, neither an
 * ETag, nor a header of S3, nor the size that the record has, the error is
 * "UnexpectedAnswer".
 */
void s3_head(struct aws *aws, struct s3_call *call,
	     const struct s3_object *object);

/*
 * Add to read what the answer says of the object, and was not known.  -1 if
 * memory is out.
 */
int s3_read_marks(const struct s3_call *call, struct arena *arena,
		  struct record_marks *read, struct err *err);

/* Does the answer have a checksum of the same kind as read, and another? */
bool s3_has_other_checksum(const struct s3_call *call,
			   const struct record_marks *read);

/* Does the answer show another Last-Modified or checksum than read has? */
bool s3_is_rewritten(const struct s3_call *call,
		     const struct record_marks *read);

/*
 * Is a copy of from made on the condition that it was not written since it was
 * read, and not that it has its ETag?  AWS does not look at the time beside an
 * ETag, and would copy either of two objects that have the same; so where no
 * version pins from, and the time of its read is known, the time is the
 * condition, and the ETag is to be compared behind.
 */
bool s3_has_time_condition(const struct aws *aws,
			   const struct s3_options *options,
			   const struct s3_object *from);

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
	const struct str_pair *headers;	/* x-amz-meta-... */
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
 * it still has object->etag and was not written after unmodified_since.  AWS
 * looks at the former condition, RGW at the latter, to the second; some servers
 * at none.
 */
void s3_delete(struct aws *aws, struct s3_call *call,
	       const struct s3_object *object);

/*
 * May the object not be there, or be another one by now?  404 of an object, 412
 * of a pinned read, 405 of a delete marker; a missing bucket is something else.
 * It is no more than a reason to look: see s3_look.h.
 */
bool s3_may_be_gone(const struct err *err);

/* Has S3 itself, and no proxy, said that nothing is there? */
bool s3_is_absent(const struct s3_call *call);

#endif
