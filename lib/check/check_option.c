/* SPDX-License-Identifier: Apache-2.0 */
#include "check/check_option.h"

#include "base/str.h"
#include "check/check_csv.h"

bool check_option_is(int option)
{
	return option == 'z' ||
	       (option >= CHECK_OPTION_BOM && option <= CHECK_OPTION_SKIP);
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

/* A delimiter is one of CSV, so it asks for that check. */
static const char *take_delimiter(struct check_rules *rules, struct str arg)
{
	rules->kinds |= 1u << CHECK_CSV;
	if (str_is(arg, "auto"))
		rules->delimiter = CHECK_DELIMITER_AUTO;
	else if (str_is(arg, "tab") || str_is(arg, "\\t"))
		rules->delimiter = '\t';
	else if (arg.n == 1 && check_csv_may_delimit((unsigned char)*arg.p))
		rules->delimiter = *arg.p;
	else
		return "not a delimiter: one character of ASCII, tab, or auto";
	return NULL;
}

const char *check_option_take(struct check_rules *rules, int option,
			      const char *arg)
{
	switch (option) {
	case CHECK_OPTION_BOM:
		rules->allow_bom = true;
		return NULL;
	case CHECK_OPTION_DELIMITER:
		return take_delimiter(rules, str_of(arg));
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
		rules->unzip = true; /* it is a limit of that */
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
