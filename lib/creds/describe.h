/* SPDX-License-Identifier: Apache-2.0 */
/*
 * describe: the configuration and keys in use, and where they come from, as
 * members of a JSON object.
 *
 * No secret is shown: of the keys only the two ends of the access key id.
 * What is not known is left out.
 */
#ifndef S3EV_DESCRIBE_H
#define S3EV_DESCRIBE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "config/config.h"
#include "creds/creds.h"

/*
 * Append region, profile, endpoints, the URL of bucket unless that is absent,
 * retry and ca.  If an endpoint or the bucket has no URL, append the rest and
 * return -1 with the last error.
 */
int describe_config(struct buf *out, const struct config *config,
		    struct str bucket, struct err *err);

/*
 * Append credentials.  keys may be all zero; account and arn are those that STS
 * answered, or absent.
 */
void describe_keys(struct buf *out, const struct creds_keys *keys,
		   const char *from, struct str account, struct str arn);

#endif
