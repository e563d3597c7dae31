/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_head.h"

#include <curl/curl.h>
#include <string.h>
#include <time.h>

#include "format/iso.h"

bool http_head_next(struct str *rest, struct str *name, struct str *value)
{
	while (rest->n > 0) {
		struct str line = str_next(rest, '\n');

		*name = str_next(&line, ':');
		if (!line.p)
			continue;
		*value = str_trim(line, " \t\r");
		return true;
	}
	return false;
}

struct str http_head_value(const struct http_request *request,
			   const char *name)
{
	struct str rest = buf_str(&request->head), found, value;

	while (http_head_next(&rest, &found, &value))
		if (str_is_nocase(found, name))
			return value;
	return STR_NONE;
}

int http_head_part(const struct http_request *request, struct http_part *part)
{
	struct str whole = http_head_value(request, "content-range"), range, from;

	if (!str_has_prefix(whole, STR("bytes ")))
		return -1;
	whole = (struct str){ whole.p + 6, whole.n - 6 };
	range = str_next(&whole, '/');
	from = str_next(&range, '-');
	part->knows_whole = whole.p && str_number(whole, &part->whole) == 0;
	return str_number(from, &part->from);
}

static long long time_in(const struct http_request *request, const char *name)
{
	struct str date = http_head_value(request, name);
	char text[64];
	time_t seconds;

	/* Nearly all are written so, and curl_getdate() takes its time. */
	if (iso_read_http(date, &seconds) == 0)
		return seconds;
	if (!date.p || date.n >= sizeof(text))
		return -1;
	memcpy(text, date.p, date.n);
	text[date.n] = '\0';
	return curl_getdate(text, NULL);
}

long long http_head_date(const struct http_request *request)
{
	return time_in(request, "Date");
}

bool http_head_clock(const struct http_request *request, long long *off)
{
	long long theirs = http_head_date(request);

	*off = theirs - (long long)time(NULL);
	return theirs >= 0;
}

long long http_head_modified(const struct http_request *request)
{
	return time_in(request, "Last-Modified");
}
