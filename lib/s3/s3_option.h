/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3_option: the options of filters that become headers of S3 requests.
 *
 * A filter puts S3_OPTION_WORDS, and if it copies S3_OPTION_COPY_WORDS, among
 * its long options, and what they say in its usage.
 */
#ifndef S3EV_S3_OPTION_H
#define S3EV_S3_OPTION_H

#include <getopt.h>
#include <stdbool.h>

#include "base/option_base.h"
#include "s3/s3.h"

enum s3_option {
	S3_OPTION_OWNER = OPTION_BASE_S3, S3_OPTION_PAYER, S3_OPTION_NO_MD5,
	S3_OPTION_NO_MODIFIED, S3_OPTION_SSE,
	S3_OPTION_KMS_KEY, S3_OPTION_CLASS, S3_OPTION_NO_TAGS,
	S3_OPTION_PART_SIZE,
	S3_OPTION_ANNOTATIONS, S3_OPTION_ACL
};
OPTION_BASE_HOLDS(OPTION_BASE_S3, S3_OPTION_ACL);

#define S3_OPTION_WORDS \
	{ "expected-bucket-owner", required_argument, NULL, S3_OPTION_OWNER }, \
	{ "no-etag-md5", no_argument, NULL, S3_OPTION_NO_MD5 }, \
	{ "no-modified", no_argument, NULL, S3_OPTION_NO_MODIFIED }, \
	{ "request-payer", no_argument, NULL, S3_OPTION_PAYER }

#define S3_OPTION_COPY_WORDS \
	{ "acl", required_argument, NULL, S3_OPTION_ACL }, \
	{ "annotations", required_argument, NULL, S3_OPTION_ANNOTATIONS }, \
	{ "no-tags", no_argument, NULL, S3_OPTION_NO_TAGS }, \
	{ "part-size", required_argument, NULL, S3_OPTION_PART_SIZE }, \
	{ "sse", required_argument, NULL, S3_OPTION_SSE }, \
	{ "sse-kms-key-id", required_argument, NULL, S3_OPTION_KMS_KEY }, \
	{ "storage-class", required_argument, NULL, S3_OPTION_CLASS }

#define S3_OPTION_USAGE \
	"      --expected-bucket-owner ID, --request-payer, --no-etag-md5, --no-modified\n"

#define S3_OPTION_COPY_USAGE \
	"      --acl ACL, --annotations copy|exclude, --no-tags, --part-size BYTES,\n" \
	"      --sse kms|AES256, --sse-kms-key-id ID, --storage-class CLASS  of copies\n"

bool s3_option_is(int option);

/*
 * The same options for another store, whose buckets belong to an account of its
 * own, which may be NULL, and whose server has quirks of its own.
 */
struct s3_options s3_option_elsewhere(const struct s3_options *options,
				      const char *owner,
				      struct s3_quirks *quirks);

/* Take one of them; arg is borrowed.  NULL, or what is wrong with it. */
const char *s3_option_take(struct s3_options *options, int option,
			   const char *arg);

/*
 * After all options: where --expected-bucket-owner was not given, take it from
 * EXPECTED_BUCKET_OWNER, unless that is not set or empty.  NULL, or what is
 * wrong with it.
 */
const char *s3_option_end(struct s3_options *options);

#endif
