/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_option: the options that say which built-in checks are made.
 *
 * A filter puts CHECK_OPTION_WORDS among its long options, 'z' among its short
 * ones, and what they say in its usage, and begins with CHECK_RULES.
 */
#ifndef S3EV_CHECK_OPTION_H
#define S3EV_CHECK_OPTION_H

#include <getopt.h>
#include <stdbool.h>

#include "check.h"

enum check_option {
	CHECK_OPTION_CSV = 896, CHECK_OPTION_ETAG, CHECK_OPTION_GZIP,
	CHECK_OPTION_JSON, CHECK_OPTION_NDJSON, CHECK_OPTION_UTF8,
	CHECK_OPTION_MIN_SIZE, CHECK_OPTION_MAX_SIZE,
	CHECK_OPTION_MAX_UNZIPPED, CHECK_OPTION_NAME, CHECK_OPTION_SKIP
};

#define CHECK_OPTION_WORDS \
	{ "csv", optional_argument, NULL, CHECK_OPTION_CSV }, \
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
	"      --name GLOB       keys must match one of these\n" \
	"      --min-size BYTES  objects may not be smaller,\n" \
	"      --max-size BYTES  nor larger; K, M, G and T are understood\n" \
	"      --etag            the MD5 is the ETag, where that is one\n" \
	"      --gzip            a whole gzip file\n" \
	"      --utf8            text in UTF-8\n" \
	"      --json            one JSON value\n" \
	"      --ndjson          one JSON value on each line\n" \
	"      --csv[=COLUMNS]   CSV, as many fields in each row\n" \
	"  -z, --unzip           look at what is in gzip files, of up to\n" \
	"      --max-unzipped BYTES (64G)\n" \
	"      --skip-folders    let folder markers pass, without a look\n"

#define CHECK_RULES ((struct check_rules){ .max_unzipped = 64ULL << 30 })

bool check_option_is(int option);

/*
 * Take one of them; arg is borrowed, and NULL where the option has none.  NULL,
 * or what is wrong with it.
 */
const char *check_option_take(struct check_rules *rules, int option,
			      const char *arg);

#endif
