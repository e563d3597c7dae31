/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object_name: BUCKET/KEY, taken apart.
 *
 * A bucket may be the ARN of an access point.  Its name stands behind a slash or
 * a colon, so the first slash is not always the end of the bucket:
 * "arn:aws:s3:eu-west-1:123456789012:accesspoint/NAME/KEY".  Pure, all borrowed.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-naming.html
 */
#ifndef S3EV_OBJECT_NAME_H
#define S3EV_OBJECT_NAME_H

#include <stdbool.h>

#include "base/str.h"

/*
 * Take "BUCKET/KEY" apart.  The key is absent if no slash follows the bucket; it
 * may be empty.  Whether the bucket can be one, record_is_bucket() says.
 */
void object_name_split(struct str name, struct str *bucket, struct str *key);

/* The same of "s3://BUCKET/KEY".  False: it begins with something else. */
bool object_name_url(struct str url, struct str *bucket, struct str *key);

#endif
