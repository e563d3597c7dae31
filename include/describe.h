/* SPDX-License-Identifier: Apache-2.0 */
/*
 * describe: what would be used, and who said so, as members of a JSON object.
 *
 * No secret goes out: of the keys only the two ends of the access key id.
 * What is not known is left out.
 */
#ifndef S3EV_DESCRIBE_H
#define S3EV_DESCRIBE_H

#include "buf.h"
#include "config.h"
#include "creds.h"
#include "err.h"
#include "str.h"

/*
 * Append region, profile, endpoints, the URL of bucket unless that is absent,
 * retry and ca.  -1 with the last error where an endpoint or the bucket has no
 * URL; the rest is appended all the same.
 */
int describe_config(struct buf *out, const struct config *config,
		    struct str bucket, struct err *err);

/*
 * Append credentials.  keys may be all zero; account and arn are what STS
 * says, or absent.
 */
void describe_keys(struct buf *out, const struct creds_keys *keys,
		   const char *from, struct str account, struct str arn);

#endif
