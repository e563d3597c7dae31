/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config: the settings in the environment and in AWS's shared files, and where
 * each was found.
 *
 * config_load() reads and checks everything, once.  A value that makes no sense
 * is an error that names the variable, or the file and line.  A variable that
 * is set but blank counts as not set.  No value holds a control character, so
 * none can end a header or a line.
 *
 * The order is AWS's: environment, then the profile (AWS_PROFILE, else
 * "default") in the files AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE
 * (~/.aws/config and ~/.aws/credentials).  Missing files count as empty; a
 * profile that is asked for by name must exist.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
 */
#ifndef S3EV_CONFIG_H
#define S3EV_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "format/ini.h"

enum { CONFIG_MAX_WARNINGS = 64, CONFIG_URL_MAX = 4096 };

enum config_service {
	CONFIG_S3, CONFIG_DYNAMODB, CONFIG_STS, CONFIG_SQS, CONFIG_SSO,
	CONFIG_SSO_OIDC,
	CONFIG_SERVICES		/* how many there are */
};

/*
 * A setting.  value is absent if it is not set, else it ends in NUL.  from says
 * for people where it was found: "AWS_REGION", "/home/u/.aws/config:3", or
 * "default".
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

/*
 * What somebody has asked for beyond the environment, such as a second store.
 * All may be NULL.  What a profile that is named here says of region and
 * endpoint counts more than the environment, which speaks of another; and its
 * keys are the only ones.
 */
struct config_choice {
	const char *s3_endpoint;	/* of S3; "aws": AWS's own */
	const char *profile;
	const char *region;
};

/* Is anything asked for?  choice may be NULL. */
bool config_choice_is_set(const struct config_choice *choice);

/* Is it the id of an AWS account, 12 digits? */
bool config_is_account(const char *text);

/* Read only; everything in it is owned and lives as long as it does. */
struct config {
	struct config_text profile;	/* never absent */
	struct config_text region;	/* may be absent: the caller decides */
	struct config_text endpoint[CONFIG_SERVICES];	/* custom ones only;
					 * without a slash at the end */
	struct config_text ca;		/* PEM file, directory or list
					 * of directories; or absent */
	struct config_text retry_mode;	/* "standard", always */
	struct config_number max_attempts;	/* 0: the service's own: 3, for
					 * DynamoDB 4 */
	struct config_number connect_timeout;	/* seconds, */
	struct config_number stall_timeout;	/* S3EV_..._TIMEOUT */
	struct config_flag fips, dualstack, dualstack_s3;
	struct config_flag ignore_endpoints;
	struct config_flag arn_region;	/* an ARN may name another region */
	struct config_text account_mode;	/* account_id_endpoint_mode */
	enum config_addressing addressing;
	enum config_checksums request_checksums, response_checksums;

	struct ini *ini;		/* the shared files, merged */
	bool file_open[2];		/* by enum ini_file: others can write */
	bool is_profile_chosen;		/* in a struct config_choice */
	const char *home;		/* HOME, or NULL */
	const char **warnings;		/* NULL at the end; one line each */

	struct arena arena;		/* private */
};

/*
 * choice is borrowed for the call, and may be NULL.  NULL with "InvalidConfig",
 * "ProfileNotFound", or "NotSupported" for settings of AWS's tools that are not
 * implemented here.
 */
struct config *config_load(const struct config_choice *choice,
			   struct err *err);

void config_free(struct config *config);

#endif
