/* SPDX-License-Identifier: Apache-2.0 */
#include "http.h"

#include <curl/curl.h>
#include <string.h>

bool http_next_header(struct str *rest, struct str *name, struct str *value)
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

struct str http_header(const struct http_request *request, const char *name)
{
	struct str rest = buf_str(&request->head), found, value;

	while (http_next_header(&rest, &found, &value))
		if (str_is_nocase(found, name))
			return value;
	return STR_NONE;
}

long long http_date(const struct http_request *request)
{
	struct str date = http_header(request, "Date");
	char text[64];

	if (!date.p || date.n >= sizeof(text))
		return -1;
	memcpy(text, date.p, date.n);
	text[date.n] = '\0';
	return curl_getdate(text, NULL);
}
