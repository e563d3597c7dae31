/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_url: what config_endpoint() and config_bucket_url() share.  Pure.
 */
#ifndef S3EV_CONFIG_URL_H
#define S3EV_CONFIG_URL_H

#include <stdbool.h>

#include "buf.h"
#include "config.h"
#include "err.h"
#include "str.h"

/*
 * The parts of scheme://host[:port][/path]; the scheme has its slashes, the
 * host its port.
 */
struct config_url {
	struct str scheme, host, path;
};

/* false if it is no URL of this form. */
bool config_url_split(struct str s, struct config_url *url);

/* Is the host an address, so that no name can be put before it? */
bool config_url_is_address(struct str host);

/* A letter or digit of ASCII? */
bool config_url_is_alnum(char c);

/* The partition that region is in: "aws", "aws-cn", ... */
const char *config_url_partition(struct str region);

/*
 * Append "s3[-fips][-zone][.dualstack].REGION.SUFFIX"; name is "s3" or one of
 * its relatives.  -1 with "InvalidConfig" where S3 has no FIPS endpoints.
 */
int config_url_put_s3(const struct config *config, const char *name,
		      struct str zone, struct str region, struct buf *url,
		      struct err *err);

/* -1 with "NoRegion" or "InvalidConfig". */
int config_url_check_region(struct str region, struct err *err);

/* -1 with "InvalidConfig" when the buffer has failed. */
int config_url_check(const struct buf *url, struct err *err);

#endif
