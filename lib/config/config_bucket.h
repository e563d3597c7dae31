/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_bucket: the URL of a bucket.  Pure: it depends on the arguments and on
 * the config only.
 */
#ifndef S3EV_CONFIG_BUCKET_H
#define S3EV_CONFIG_BUCKET_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "config/config.h"

/* How to reach a bucket. */
struct config_bucket {
	struct str region;	/* to sign with; borrowed from config, from the
				 * bucket or region given, or a constant */
	const char *service;	/* to sign with: "s3", "s3express", ... */
	bool path_style;	/* the bucket's name is in the path */
	bool is_arn;		/* it is an access point */
};

/*
 * Append the base URL of a bucket, to which the caller appends "/" and the
 * encoded key: "https://BUCKET.s3.REGION.amazonaws.com".  The URL has path style
 * if the bucket's name cannot be part of a host name under TLS (dots, upper
 * case, underscores), if addressing_style asks for it, and for a custom
 * endpoint unless addressing_style forbids it.  bucket may be the ARN of an
 * access point, or a directory bucket (...--x-s3).  region, if not absent, is
 * the region where the bucket was found.  -1 with "NoRegion", "InvalidBucket",
 * "InvalidConfig", "NotSupported".
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
 */
int config_bucket_url(const struct config *config, struct str bucket,
		      struct str region, struct buf *url,
		      struct config_bucket *how, struct err *err);

#endif
