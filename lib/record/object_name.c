/* SPDX-License-Identifier: Apache-2.0 */
#include "record/object_name.h"

static bool is_separator(char c)
{
	return c == ':' || c == '/';
}

/* Behind the next separator, or at the end. */
static size_t skip_word(struct str s, size_t at)
{
	while (at < s.n && !is_separator(s.p[at]))
		at++;
	return at + (at < s.n);
}

/*
 * Where the last word of a bucket begins: NAME of
 * "arn:PARTITION:SERVICE:REGION:ACCOUNT:accesspoint/NAME", or of
 * "...:outpost/ID/accesspoint/NAME", each with slashes or colons.
 */
static size_t last_word(struct str name)
{
	struct str rest = name;
	size_t at, words;

	if (!str_has_prefix(name, STR("arn:")))
		return 0;
	for (int i = 0; i < 5 && rest.p; i++)
		str_next(&rest, ':');
	if (!rest.p)
		return 0;
	at = name.n - rest.n;
	words = str_has_prefix(rest, STR("outpost")) ? 3 :
		str_has_prefix(rest, STR("accesspoint")) ? 1 : 0;
	while (words-- > 0)
		at = skip_word(name, at);
	return at;
}

void object_name_split(struct str name, struct str *bucket, struct str *key)
{
	size_t at = last_word(name);
	struct str rest = { name.p + at, name.n - at };

	*bucket = (struct str){ name.p, at + str_next(&rest, '/').n };
	*key = rest;
}

bool object_name_url(struct str url, struct str *bucket, struct str *key)
{
	static const struct str scheme = { "s3://", 5 };

	if (!str_has_prefix(url, scheme))
		return false;
	object_name_split((struct str){ url.p + scheme.n, url.n - scheme.n },
			  bucket, key);
	return true;
}
