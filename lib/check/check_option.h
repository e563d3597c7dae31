/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_option: the options that choose the built-in checks.
 *
 * A filter adds CHECK_OPTION_WORDS to its long options, 'z' to its short ones
 * and CHECK_OPTION_USAGE to its usage.  Its rules start as CHECK_RULES.
 */
#ifndef S3EV_CHECK_OPTION_H
#define S3EV_CHECK_OPTION_H

#include <getopt.h>
#include <stdbool.h>

#include "base/option_base.h"
#include "check/check.h"

enum check_option {
	CHECK_OPTION_BOM = OPTION_BASE_CHECK, CHECK_OPTION_CSV,
	CHECK_OPTION_DELIMITER, CHECK_OPTION_ETAG,
	CHECK_OPTION_GZIP, CHECK_OPTION_JSON, CHECK_OPTION_NDJSON,
	CHECK_OPTION_UTF8,
	CHECK_OPTION_MIN_SIZE, CHECK_OPTION_MAX_SIZE,
	CHECK_OPTION_MAX_UNZIPPED, CHECK_OPTION_NAME, CHECK_OPTION_SKIP
};
OPTION_BASE_HOLDS(OPTION_BASE_CHECK, CHECK_OPTION_SKIP);

#define CHECK_OPTION_WORDS \
	{ "allow-bom", no_argument, NULL, CHECK_OPTION_BOM }, \
	{ "csv", optional_argument, NULL, CHECK_OPTION_CSV }, \
	{ "delimiter", required_argument, NULL, CHECK_OPTION_DELIMITER }, \
	{ "etag", no_argument, NULL, CHECK_OPTION_ETAG }, \
	{ "gzip", no_argument, NULL, CHECK_OPTION_GZIP }, \
	{ "json", no_argument, NULL, CHECK_OPTION_JSON }, \
	{ "max-size", required_argument, NULL, CHECK_OPTION_MAX_SIZE }, \
	{ "max-unzipped", required_argument, NULL, \
	  CHECK_OPTION_MAX_UNZIPPED }, \
	{ "min-size", required_argument, NULL, CHECK_OPTION_MIN_SIZE }, \
	{ "name", required_argument, NULL, CHECK_OPTION_NAME }, \
	{ "ndjson", no_argument, NULL, CHECK_OPTION_NDJSON }, \
	{ "skip-folders", no_argument, NULL, CHECK_OPTION_SKIP }, \
	{ "unzip", no_argument, NULL, 'z' }, \
	{ "utf8", no_argument, NULL, CHECK_OPTION_UTF8 }

#define CHECK_OPTION_USAGE \
	"      --name GLOB, --min-size BYTES, --max-size BYTES  what is taken\n" \
	"      --etag, --skip-folders  the MD5 must be the ETag; pass folder markers\n" \
	"      --json, --ndjson, --csv[=COLUMNS], --utf8, --gzip  the format\n" \
	"      --delimiter CHAR, --allow-bom  of CSV (,), tab or auto; of JSON\n" \
	"  -z, --unzip, --max-unzipped BYTES  check what is inside gzip files (64G)\n"

#define CHECK_RULES ((struct check_rules){ .max_unzipped = 64ULL << 30 })

bool check_option_is(int option);

/*
 * Take one of these options.  arg is borrowed, and NULL if the option has none.
 * Returns NULL, or what is wrong with arg.
 */
const char *check_option_take(struct check_rules *rules, int option,
			      const char *arg);

#endif
