/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/s3_option.h"

#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "s3/s3_part.h"

bool s3_option_is(int option)
{
	return option >= S3_OPTION_OWNER && option <= S3_OPTION_ACL;
}

/* Anything else could be another header. */
static bool is_made_of(const char *arg, const char *characters)
{
	return *arg != '\0' && arg[strspn(arg, characters)] == '\0';
}

static const char *take_owner(struct s3_options *options, const char *arg)
{
	if (!config_is_account(arg))
		return "not an account of 12 digits";
	options->owner = str_of(arg);
	return NULL;
}

static const char *take_sse(struct s3_options *options, const char *arg)
{
	if (strcmp(arg, "kms") == 0)
		options->sse = STR("aws:kms");
	else if (strcmp(arg, "AES256") == 0)
		options->sse = STR("AES256");
	else
		return "neither kms nor AES256";
	return NULL;
}

static const char *take_key(struct s3_options *options, const char *arg)
{
	if (!is_made_of(arg, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz0123456789:/_-"))
		return "not the id of a KMS key";
	options->kms_key_id = str_of(arg);
	return NULL;
}

static const char *take_class(struct s3_options *options, const char *arg)
{
	if (!is_made_of(arg, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"))
		return "not a storage class";
	options->storage_class = str_of(arg);
	return NULL;
}

static const char *take_part_size(struct s3_options *options, const char *arg)
{
	unsigned long long size;

	if (str_bytes(str_of(arg), &size) < 0 || size < S3_PART_MIN ||
	    size > S3_PART_MAX)
		return "not from 5M to 5G bytes";
	options->part_size = size;
	return NULL;
}

/* https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html */
static const char *take_acl(struct s3_options *options, const char *arg)
{
	static const char *const names[] = {
		"authenticated-read", "aws-exec-read",
		"bucket-owner-full-control", "bucket-owner-read", "private",
		"public-read", "public-read-write", NULL
	};

	for (const char *const *name = names; *name; name++) {
		if (strcmp(arg, *name) == 0) {
			options->acl = str_of(arg);
			return NULL;
		}
	}
	return "not a canned ACL of objects, such as bucket-owner-full-control";
}

static const char *take_annotations(struct s3_options *options, const char *arg)
{
	options->no_annotations = strcmp(arg, "exclude") == 0;
	return options->no_annotations || strcmp(arg, "copy") == 0 ? NULL :
	       "neither copy nor exclude";
}

const char *s3_option_take(struct s3_options *options, int option,
			   const char *arg)
{
	switch (option) {
	case S3_OPTION_OWNER:
		return take_owner(options, arg);
	case S3_OPTION_NO_MD5:
		options->etag_is_no_md5 = true;
		return NULL;
	case S3_OPTION_NO_MODIFIED:
		options->no_modified = true;
		return NULL;
	case S3_OPTION_SSE:
		return take_sse(options, arg);
	case S3_OPTION_KMS_KEY:
		return take_key(options, arg);
	case S3_OPTION_CLASS:
		return take_class(options, arg);
	case S3_OPTION_NO_TAGS:
		options->no_tags = true;
		return NULL;
	case S3_OPTION_PART_SIZE:
		return take_part_size(options, arg);
	case S3_OPTION_ANNOTATIONS:
		return take_annotations(options, arg);
	case S3_OPTION_ACL:
		return take_acl(options, arg);
	default:
		options->payer = STR("requester");
		return NULL;
	}
}

const char *s3_option_end(struct s3_options *options)
{
	const char *owner = getenv("EXPECTED_BUCKET_OWNER");

	if (options->owner.p || !owner || !*owner ||
	    !take_owner(options, owner))
		return NULL;
	return "EXPECTED_BUCKET_OWNER is not an account of 12 digits";
}

struct s3_options s3_option_elsewhere(const struct s3_options *options,
				      const char *owner,
				      struct s3_quirks *quirks)
{
	struct s3_options there = *options;

	there.owner = owner ? str_of(owner) : STR_NONE;
	there.quirks = quirks;
	return there;
}
