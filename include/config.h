/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config: what the environment and AWS's shared files say, and where they
 * say it.
 *
 * Everything is read once, in config_load(), and checked then; a value that
 * makes no sense is an error that names the variable, or the file and line.
 * A variable that is set but blank counts as not set.  No value holds a
 * control character, so none can end a header or a line.
 *
 * The order is AWS's: environment, then the profile (AWS_PROFILE, else
 * "default") in the files AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE
 * (~/.aws/config and ~/.aws/credentials).  Files that are not there are
 * empty; a profile that was asked for by name must be there.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
 */
#ifndef S3EV_CONFIG_H
#define S3EV_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "buf.h"
#include "err.h"
#include "ini.h"
#include "str.h"

enum { CONFIG_MAX_WARNINGS = 64, CONFIG_URL_MAX = 4096 };

enum config_service {
	CONFIG_S3, CONFIG_DYNAMODB, CONFIG_STS, CONFIG_SQS, CONFIG_SSO,
	CONFIG_SSO_OIDC,
	CONFIG_SERVICES		/* how many there are */
};

/*
 * A setting.  value is absent where nobody has set it, else it ends in NUL;
 * from says who did, in words for people: "AWS_REGION",
 * "/home/u/.aws/config:3", or "default".
 */
struct config_text {
	struct str value;
	const char *from;
};

struct config_number {
	unsigned long value;
	const char *from;
};

struct config_flag {
	bool value;
	const char *from;
};

/* s3.addressing_style */
enum config_addressing {
	CONFIG_ADDRESSING_AUTO, CONFIG_ADDRESSING_PATH,
	CONFIG_ADDRESSING_VIRTUAL
};

/* AWS_REQUEST_CHECKSUM_CALCULATION, AWS_RESPONSE_CHECKSUM_VALIDATION */
enum config_checksums { CONFIG_WHEN_SUPPORTED, CONFIG_WHEN_REQUIRED };

/* Read only; everything in it is owned and lives as long as it does. */
struct config {
	struct config_text profile;	/* never absent */
	struct config_text region;	/* may be absent: the caller decides */
	struct config_text endpoint[CONFIG_SERVICES];	/* custom ones only;
					 * without a slash at the end */
	struct config_text ca;		/* PEM file or directory, or absent */
	struct config_text retry_mode;	/* "standard", always */
	struct config_number max_attempts;	/* 0: the service's own number,
					 * 3, for DynamoDB 4 */
	struct config_number connect_timeout;	/* seconds, */
	struct config_number stall_timeout;	/* S3EV_..._TIMEOUT */
	struct config_flag fips, dualstack, dualstack_s3;
	struct config_flag ignore_endpoints;
	struct config_flag arn_region;	/* an ARN's region may be another */
	struct config_text account_mode;	/* account_id_endpoint_mode */
	enum config_addressing addressing;
	enum config_checksums request_checksums, response_checksums;

	struct ini *ini;		/* the shared files, merged */
	bool file_open[2];		/* by enum ini_file: others can write */
	const char *home;		/* HOME, or NULL */
	const char **warnings;		/* NULL at the end; one line each */

	struct arena arena;		/* private */
};

/*
 * NULL with err: "InvalidConfig", "ProfileNotFound", or "NotSupported" for
 * what AWS's tools could do and these cannot.
 */
struct config *config_load(struct err *err);

void config_free(struct config *config);

/*
 * A variable of the environment, without the blanks around it; absent if it
 * is not set.  Borrowed from the environment.  -1 with "InvalidConfig" if it
 * holds a control character.
 */
int config_variable(const char *name, struct str *value, struct err *err);

/*
 * A property of a profile; *entry is set to NULL if there is none or its value
 * is empty.  -1 with "InvalidConfig" if it holds a control character.  Borrowed
 * from config, not ended by NUL.
 */
int config_property(const struct config *config, struct str profile,
		    const char *name, const struct ini_entry **entry,
		    struct err *err);

/*
 * A setting: the variable, else the property of the profile in use, or of
 * what is nested in its property parent.  variable and parent may be NULL.
 */
int config_setting(struct config *config, const char *variable,
		   const char *parent, const char *name,
		   struct config_text *text, struct err *err);

/* Is the server another than AWS's own? */
bool config_is_custom_endpoint(const struct config *config,
			       enum config_service service);

/*
 * Check a URL of the form scheme://host[:port][/path], scheme http or https,
 * without user, query or fragment.  -1 with "InvalidConfig", from first.
 */
int config_check_url(struct str url, const char *from, struct err *err);

/* Is it a name of a host, or one label of such a name (RFC 1123)? */
bool config_is_label(struct str s);

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

/* The region to sign with for a region that may be "aws-global". */
struct str config_sign_region(struct str region);

/* How to reach a bucket. */
struct config_bucket {
	struct str region;	/* to sign with; borrowed from config, from the
				 * bucket or region given, or a constant */
	const char *service;	/* to sign with: "s3", "s3express", ... */
	bool path_style;	/* the bucket is in the path */
	bool is_arn;		/* an access point */
};

/*
 * Append the base URL of a bucket, to which "/" and the encoded key are
 * appended: "https://BUCKET.s3.REGION.amazonaws.com", or path style where the
 * name is no host name under TLS (dots, upper case, underscores), where the
 * endpoint is custom and nothing else is asked for, or where addressing_style
 * says so.  bucket may be the ARN of an access point, or a directory bucket
 * (...--x-s3).  region, if not absent, is the region that the bucket was found
 * to be in.  -1 with "NoRegion", "InvalidBucket", "InvalidConfig",
 * "NotSupported".
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
 */
int config_bucket_url(const struct config *config, struct str bucket,
		      struct str region, struct buf *url,
		      struct config_bucket *how, struct err *err);

#endif
