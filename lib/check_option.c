/* SPDX-License-Identifier: Apache-2.0 */
#include "check_option.h"

#include "str.h"

bool check_option_is(int option)
{
	return option == 'z' ||
	       (option >= CHECK_OPTION_CSV && option <= CHECK_OPTION_SKIP);
}

static const char *take_size(unsigned long long *size, const char *arg)
{
	return str_bytes(str_of(arg), size) < 0 ? "not a number of bytes" :
						  NULL;
}

static const char *take_columns(struct check_rules *rules, const char *arg)
{
	rules->kinds |= 1u << CHECK_CSV;
	if (arg && (str_number(str_of(arg), &rules->columns) < 0 ||
		    rules->columns == 0))
		return "not a number of columns";
	return NULL;
}

const char *check_option_take(struct check_rules *rules, int option,
			      const char *arg)
{
	switch (option) {
	case CHECK_OPTION_CSV:
		return take_columns(rules, arg);
	case CHECK_OPTION_ETAG:
		rules->kinds |= 1u << CHECK_ETAG;
		return NULL;
	case CHECK_OPTION_GZIP:
		rules->kinds |= 1u << CHECK_GZIP;
		return NULL;
	case CHECK_OPTION_JSON:
		rules->kinds |= 1u << CHECK_JSON;
		return NULL;
	case CHECK_OPTION_NDJSON:
		rules->kinds |= 1u << CHECK_NDJSON;
		return NULL;
	case CHECK_OPTION_UTF8:
		rules->kinds |= 1u << CHECK_UTF8;
		return NULL;
	case CHECK_OPTION_MIN_SIZE:
		return take_size(&rules->min_size, arg);
	case CHECK_OPTION_MAX_SIZE:
		rules->has_max_size = true;
		return take_size(&rules->max_size, arg);
	case CHECK_OPTION_MAX_UNZIPPED:
		if (take_size(&rules->max_unzipped, arg) ||
		    rules->max_unzipped == 0)
			return "not a number of bytes";
		return NULL;
	case CHECK_OPTION_NAME:
		return globs_add(&rules->names, arg) < 0 ?
			"too many --name" : NULL;
	case CHECK_OPTION_SKIP:
		rules->skip_folders = true;
		return NULL;
	default:
		rules->unzip = true;
		return NULL;
	}
}
