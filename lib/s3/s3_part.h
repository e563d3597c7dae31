/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3_part: the operations of S3 that make an object of parts, by S3's own
 * names, and what has to be read of an object that is copied so.
 *
 * As in s3.h, the caller prepares the call, and everything is borrowed until
 * it is done.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
 */
#ifndef S3EV_S3_PART_H
#define S3EV_S3_PART_H

#include "aws/aws.h"
#include "base/str.h"
#include "http/slice.h"
#include "s3/s3.h"

#define S3_PART_MIN (5ULL << 20)	/* bytes of a part, but the last */
#define S3_PART_MAX (5ULL << 30)
enum { S3_PARTS_MAX = 10000 };

/* Sets call->upload.  Of content only type and headers matter. */
void s3_create_multipart_upload(struct aws *aws, struct s3_call *call,
				const struct s3_object *to,
				const struct s3_content *content);

/* Which part of which upload. */
struct s3_part {
	struct s3_object to;
	struct str upload;
	unsigned number;	/* 1 to S3_PARTS_MAX */
	unsigned long long offset, size;	/* in the whole */
};

/*
 * Both set call->etag, and checksum and checksum_value if they are known.  Of
 * content only the bytes or the slice matter.
 */
void s3_upload_part(struct aws *aws, struct s3_call *call,
		    const struct s3_part *part,
		    const struct s3_content *content);
void s3_upload_part_copy(struct aws *aws, struct s3_call *call,
			 const struct s3_part *part,
			 const struct s3_object *from);

/*
 * parts is the document CompleteMultipartUpload; size is that of the object,
 * which the server compares.  Sets call->etag, which some servers leave empty.
 * As s3_put() where something is already.  The answer to a call that was repeated, since the
 * first answer had been lost, may be "NoSuchUpload".
 */
void s3_complete_multipart_upload(struct aws *aws, struct s3_call *call,
				  const struct s3_part *whole,
				  struct str parts,
				  enum s3_overwrite overwrite);

void s3_abort_multipart_upload(struct aws *aws, struct s3_call *call,
			       const struct s3_object *to, struct str upload);

/*
 * Lists, whose documents are in call->aws.http.body_in: uploads under way to
 * keys that begin with the object's, 1000 at most; parts of one of them, after
 * that number; versions of keys that begin with the object's, its own first; tags of an object, none where the server knows none.
 */
void s3_list_multipart_uploads(struct aws *aws, struct s3_call *call,
			       const struct s3_object *to);
void s3_list_parts(struct aws *aws, struct s3_call *call,
		   const struct s3_object *to, struct str upload,
		   struct str after);
void s3_list_object_versions(struct aws *aws, struct s3_call *call,
			     const struct s3_object *object);
void s3_get_object_tagging(struct aws *aws, struct s3_call *call,
			   const struct s3_object *object);

#endif
