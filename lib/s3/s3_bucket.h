/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3_bucket: the operations of S3 that look at a bucket.
 *
 * As in s3.h, the caller prepares the call, and everything is borrowed until
 * it is done.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
 */
#ifndef S3EV_S3_BUCKET_H
#define S3EV_S3_BUCKET_H

#include "aws/aws.h"
#include "base/str.h"
#include "s3/s3.h"

/* HeadBucket.  AWS says the region in the header x-amz-bucket-region. */
void s3_head_bucket(struct aws *aws, struct s3_call *call, struct str bucket);

/*
 * GetBucketVersioning and its kin: what is named by a word in the query, such
 * as "versioning", "notification", "object-lock".  The document is in
 * call->aws.http.body_in.
 */
void s3_get_bucket(struct aws *aws, struct s3_call *call, struct str bucket,
		   const char *what);

#endif
