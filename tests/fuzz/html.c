/* SPDX-License-Identifier: Apache-2.0 */
/* html: text cannot leave its place in a page, and nothing of it is invisible. */
#include "format/html.h"

#include "base/text.h"
#include "fuzz.h"

static bool take(struct str *rest, const char *word)
{
	struct str prefix = str_of(word);

	if (!str_has_prefix(*rest, prefix))
		return false;
	rest->p += prefix.n;
	rest->n -= prefix.n;
	return true;
}

static bool take_entity(struct str *rest)
{
	return take(rest, "&amp;") || take(rest, "&lt;") || take(rest, "&gt;") ||
	       take(rest, "&quot;") || take(rest, "&#39;");
}

/* What stands between the marks is ASCII, or the open box. */
static void take_mark(struct str *rest)
{
	size_t n = 0;

	while (!take(rest, "</b>")) {
		CHECK(rest->n > 0 && n++ < 8, "a mark is short, and ends");
		CHECK(*rest->p != '<' && *rest->p != '&', "and is plain");
		rest->p++;
		rest->n--;
	}
	CHECK(n > 0, "something stands for what is hidden");
}

static void check_out(struct str rest, bool marks)
{
	CHECK(str_is_utf8(rest), "the page is UTF-8");
	while (rest.n > 0) {
		size_t n;
		long c = text_character(rest.p, rest.n, &n);

		if (marks && take(&rest, "<b class=\"x\">")) {
			take_mark(&rest);
			continue;
		}
		if (take_entity(&rest))
			continue;
		CHECK(!strchr("<>&\"'", (int)(c < 0x80 ? c : 'a')),
		      "what could begin or end something is an entity");
		CHECK(!text_is_hidden(c), "nothing is hidden");
		rest.p += n;
		rest.n -= n;
	}
}

/* Text in which nothing has to be marked comes back. */
static bool is_ordinary(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] == 0x7F)
			return false;
	return s.n > 0;
}

static void check_inverse(struct str s, struct str out)
{
	static const char named[] = "&<>\"'";
	static const char *const entities[] = { "&amp;", "&lt;", "&gt;",
						"&quot;", "&#39;" };

	for (size_t i = 0; i < s.n; i++) {
		const char *at = strchr(named, s.p[i]);

		if (at) {
			CHECK(take(&out, entities[at - named]),
			      "the right entity");
			continue;
		}
		CHECK(out.n > 0 && *out.p == s.p[i], "the same character");
		out.p++;
		out.n--;
	}
	CHECK(out.n == 0, "and nothing more");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = { (const char *)data, size };
	struct buf out;

	buf_init(&out, 32 * size + 16);
	html_put(&out, s);
	CHECK(!out.failed, "less than 32 bytes for one");
	check_out(buf_str(&out), true);
	if (is_ordinary(s))
		check_inverse(s, buf_str(&out));
	buf_reset(&out);
	html_put_plain(&out, s);
	check_out(buf_str(&out), false);
	buf_reset(&out);
	html_put_cut(&out, s, size / 2);
	check_out(buf_str(&out), true);
	buf_free(&out);
	return 0;
}
