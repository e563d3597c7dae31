/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_endpoint: the URLs of services, AWS's own and those of the user.
 *
 * Pure: they depend on the arguments and on the config only.
 */
#ifndef S3EV_CONFIG_ENDPOINT_H
#define S3EV_CONFIG_ENDPOINT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "config/config.h"

/* Has the user set an endpoint for this service? */
bool config_endpoint_is_custom(const struct config *config,
			       enum config_service service);

/*
 * Do both talk to one store?  Their endpoints are compared as they are written:
 * another name of the same host counts as another store.
 */
bool config_endpoint_is_same(const struct config *a, const struct config *b,
			     enum config_service service);

/*
 * Check a URL of the form scheme://host[:port][/path], scheme http or https,
 * without user, query or fragment.  -1 with "InvalidConfig" and a message that
 * begins with from.
 */
int config_endpoint_check(struct str url, const char *from, struct err *err);

/*
 * Append the URL of a service in the configured region, or in the given one
 * if it is not absent, without a slash at the end.  FIPS and dual-stack have
 * no effect on a custom endpoint.  -1 with "NoRegion" if there is neither
 * region nor custom endpoint, "InvalidConfig" for FIPS where S3 has none,
 * "NotSupported" for DynamoDB's account-based endpoints where those are
 * required.
 */
int config_endpoint(const struct config *config, enum config_service service,
		    struct str region, struct buf *url, struct err *err);

/*
 * May a request that was for the URL from, with our keys, be sent to the URL to
 * instead, because the server says so?  From AWS to AWS: over TLS, to a host of
 * S3 below the same suffix.  From a custom endpoint: to the same host and port.
 * TLS is never given up.
 */
bool config_endpoint_may_follow(const struct config *config, struct str from,
				struct str to);

/* The region to sign with; it differs for "aws-global" only. */
struct str config_endpoint_sign_region(struct str region);

/* For config_bucket.c */

/* The partition that region is in: "aws", "aws-cn", ... */
const char *config_endpoint_partition(struct str region);

/*
 * Append "s3[-fips][-zone][.dualstack].REGION.SUFFIX"; name is "s3" or one of
 * its relatives.  -1 with "InvalidConfig" where S3 has no FIPS endpoints.
 */
int config_endpoint_put_s3(const struct config *config, const char *name,
			   struct str zone, struct str region,
			   struct buf *url, struct err *err);

/* -1 with "NoRegion" if region is absent, "InvalidConfig" if it is no name. */
int config_endpoint_check_region(struct str region, struct err *err);

/* -1 with "InvalidConfig" when the buffer has failed: the URL is too long. */
int config_endpoint_check_room(const struct buf *url, struct err *err);

#endif
