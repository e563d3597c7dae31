/* SPDX-License-Identifier: Apache-2.0 */
#include "s3_option.h"

#include <string.h>

#include "s3_part.h"

enum { ACCOUNT_DIGITS = 12 };

bool s3_option_is(int option)
{
	return option >= S3_OPTION_OWNER && option <= S3_OPTION_PART_SIZE;
}

/* Anything else could be another header. */
static bool is_made_of(const char *arg, const char *characters)
{
	return *arg != '\0' && arg[strspn(arg, characters)] == '\0';
}

static const char *take_owner(struct s3_options *options, const char *arg)
{
	if (strlen(arg) != ACCOUNT_DIGITS || !is_made_of(arg, "0123456789"))
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

const char *s3_option_take(struct s3_options *options, int option,
			   const char *arg)
{
	switch (option) {
	case S3_OPTION_OWNER:
		return take_owner(options, arg);
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
	default:
		options->payer = STR("requester");
		return NULL;
	}
}
