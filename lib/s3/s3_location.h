/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3_location: where the object of a call is, and where it is instead.
 *
 * A bucket is looked for in the region where it was found before, else in the
 * configured one.  S3 answers with the right region, or lets us ask for it.
 * For s3_request.c only.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html
 */
#ifndef S3EV_S3_LOCATION_H
#define S3EV_S3_LOCATION_H

#include <stdbool.h>

#include "aws/aws.h"
#include "base/err.h"
#include "s3/s3.h"

/*
 * Set the URL of the call's bucket and key, and the region and service to sign
 * for.  -1 as config_bucket_url(), or with "InvalidKey" if that is too long.
 */
int s3_location_find(struct aws *aws, struct s3_call *call, struct err *err);

/* The redirect of an s3_call, see aws_call.h. */
bool s3_location_redirect(struct aws_call *to);

#endif
