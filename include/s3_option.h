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

#include "s3.h"

enum s3_option {
	S3_OPTION_OWNER = 512, S3_OPTION_PAYER, S3_OPTION_SSE,
	S3_OPTION_KMS_KEY, S3_OPTION_CLASS, S3_OPTION_NO_TAGS,
	S3_OPTION_PART_SIZE
};

#define S3_OPTION_WORDS \
	{ "expected-bucket-owner", required_argument, NULL, S3_OPTION_OWNER }, \
	{ "request-payer", no_argument, NULL, S3_OPTION_PAYER }

#define S3_OPTION_COPY_WORDS \
	{ "no-tags", no_argument, NULL, S3_OPTION_NO_TAGS }, \
	{ "part-size", required_argument, NULL, S3_OPTION_PART_SIZE }, \
	{ "sse", required_argument, NULL, S3_OPTION_SSE }, \
	{ "sse-kms-key-id", required_argument, NULL, S3_OPTION_KMS_KEY }, \
	{ "storage-class", required_argument, NULL, S3_OPTION_CLASS }

#define S3_OPTION_USAGE \
	"      --expected-bucket-owner ID\n" \
	"                       account that the buckets must belong to\n" \
	"      --request-payer  pay for the requests\n"

#define S3_OPTION_COPY_USAGE \
	"      --no-tags        leave the tags of objects behind\n" \
	"      --part-size BYTES\n" \
	"                       what is larger goes in parts of so many " \
	"(134217728)\n" \
	"      --sse METHOD     encrypt copies: kms or AES256\n" \
	"      --sse-kms-key-id ID\n" \
	"                       encrypt copies with this key\n" \
	"      --storage-class CLASS\n" \
	"                       give copies this class (STANDARD)\n"

bool s3_option_is(int option);

/* Take one of them; arg is borrowed.  NULL, or what is wrong with it. */
const char *s3_option_take(struct s3_options *options, int option,
			   const char *arg);

#endif
