/* SPDX-License-Identifier: Apache-2.0 */
#include "hash/etag.h"

#include <string.h>

enum { ETAG_HASH_MIN = 16 };

struct str etag_bare(struct str etag)
{
	if (etag.n >= 2 && (etag.p[0] == 'W' || etag.p[0] == 'w') &&
	    etag.p[1] == '/')
		etag = (struct str){ etag.p + 2, etag.n - 2 };
	if (etag.n >= 2 && etag.p[0] == '"' && etag.p[etag.n - 1] == '"')
		return (struct str){ etag.p + 1, etag.n - 2 };
	return etag;
}

bool etag_is_md5(struct str etag)
{
	if (etag.n != 32)
		return false;
	for (size_t i = 0; i < etag.n; i++)
		if (etag.p[i] == '\0' ||
		    !strchr("0123456789abcdefABCDEF", etag.p[i]))
			return false;
	return true;
}

bool etag_same(struct str a, struct str b)
{
	a = etag_bare(a);
	b = etag_bare(b);
	return a.n > 0 && str_eq_nocase(a, b);
}

bool etag_differs(struct str pinned, struct str got)
{
	return pinned.n > 0 && got.n > 0 && !etag_same(pinned, got);
}

static bool is_joint(char c)
{
	return c == '-' || c == ';';
}

static struct str stem_of(struct str etag)
{
	static const char *const codings[] = { "gzip", "br", "deflate", "zstd" };

	etag = etag_bare(etag);
	for (size_t i = 0; i < sizeof(codings) / sizeof(*codings); i++) {
		struct str coding = str_of(codings[i]);
		size_t n = etag.n - coding.n;

		if (etag.n <= coding.n + 1 || !str_has_suffix(etag, coding) ||
		    !is_joint(etag.p[n - 1]))
			continue;
		while (n > 0 && is_joint(etag.p[n - 1]))
			n--;
		return (struct str){ etag.p, n };
	}
	return etag;
}

/* Does the longer begin with the shorter, and go on with what is no digit? */
static bool has_more(struct str shorter, struct str longer)
{
	struct str begin = { longer.p, shorter.n };
	char next;

	if (shorter.n < ETAG_HASH_MIN || longer.n <= shorter.n ||
	    !str_eq_nocase(shorter, begin))
		return false;
	next = longer.p[shorter.n];
	return !((next >= '0' && next <= '9') || (next >= 'a' && next <= 'z') ||
		 (next >= 'A' && next <= 'Z'));
}

bool etag_is_altered(struct str a, struct str b)
{
	if (etag_same(stem_of(a), stem_of(b)))
		return true;
	/* An old Apache adds behind the quotes. */
	a = str_trim(etag_bare(a), "\"");
	b = str_trim(etag_bare(b), "\"");
	return has_more(a, b) || has_more(b, a);
}
