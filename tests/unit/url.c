/* SPDX-License-Identifier: Apache-2.0 */
#include "format/url.h"

#include "tap.h"

/* Parts of a text; NULL is absent. */
static const struct {
	const char *text, *authority, *host, *port, *path, *query;
} splits[] = {
	{ "http://h", "h", "h", NULL, "", NULL },
	{ "https://h.example:443/a/b?c=d?e", "h.example:443", "h.example",
	  "443", "/a/b", "c=d?e" },
	{ "https://[::1]:80/", "[::1]:80", "[::1]", "80", "/", NULL },
	{ "https://[::1]", "[::1]", "[::1]", NULL, "", NULL },
	{ "https://[::1", "[::1", "[::1", NULL, "", NULL },
	{ "https://[::1]x:1", "[::1]x:1", "[::1]x", "1", "", NULL },
	{ "http://h:", "h:", "h", "", "", NULL },
	{ "http://h:80:90/", "h:80:90", "h", "80:90", "/", NULL },
	{ "http://u:p@h/", "u:p@h", "u", "p@h", "/", NULL },
	{ "http://", "", "", NULL, "", NULL },
	{ "http:///p", "", "", NULL, "/p", NULL },
	{ "http://:8080/p", ":8080", "", "8080", "/p", NULL },
	{ "http://h?q", "h", "h", NULL, "", "q" },
	{ "http://h/?", "h", "h", NULL, "/", "" },
	{ "http://h#f/p", "h", "h", NULL, "#f/p", NULL },
	{ "http://h/a:b@c", "h", "h", NULL, "/a:b@c", NULL },
};

static const char *const no_urls[] = {
	"", "http", "http:", "http:/h", "//h/p", "h", "ftp://h/", "HTTP://h/",
	" http://h/", "httpx://h/", "https:h"
};

static const struct {
	const char *text;
	bool is_plain;
	const char *header;
} plains[] = {
	{ "http://127.0.0.1:9000", true, "127.0.0.1:9000" },
	{ "http://h:80", true, "h" },
	{ "https://h:80", true, "h:80" },
	{ "https://h:443/p", true, "h" },
	{ "http://h:443", true, "h:443" },
	{ "https://[fd00::1]:443", true, "[fd00::1]" },
	{ "https://[fe80::1%25eth0]/", false, "[fe80::1%25eth0]" },
	{ "http://h:080", false, "h:080" },
	{ "http://h:08080", false, "h:08080" },
	{ "http://a_b-c.d/p%20q/~x(1)", true, "a_b-c.d" },
	{ "http://h:1", true, "h:1" },
	{ "http://h:65535", true, "h:65535" },
	{ "http://h:0", false, "h:0" },
	{ "http://h:65536", false, "h:65536" },
	{ "http://h:", false, "h:" },
	{ "http://h:x", false, "h:x" },
	{ "http://h:80:90", false, "h:80:90" },
	{ "http://", false, "" },
	{ "http:///p", false, "" },
	{ "http://u@h", false, "u@h" },
	{ "http://u:p@h", false, "u:p@h" },
	{ "http://[::1", false, "[::1" },
	{ "http://[::1]x", false, "[::1]x" },
	{ "http://h\\x", false, "h\\x" },
	{ "http://a b", false, "a b" },
	{ "http://h/a b", false, "h" },
	{ "http://h/a\tb", false, "h" },
	{ "http://h/a\"b", false, "h" },
	{ "http://h/\xc3\xa4", false, "h" },
	{ "http://h/p?q", false, "h" },
	{ "http://h/p?", false, "h" },
	{ "http://h/p#f", false, "h" },
	{ "http://h#f", false, "h" },
};

static bool same(struct str got, const char *want)
{
	return want ? str_is(got, want) : !got.p;
}

static void test_split(void)
{
	struct url url;

	for (size_t i = 0; i < sizeof(splits) / sizeof(*splits); i++)
		ok(url_split(str_of(splits[i].text), &url) &&
		   same(url.authority, splits[i].authority) &&
		   same(url.host, splits[i].host) &&
		   same(url.port, splits[i].port) &&
		   same(url.path, splits[i].path) &&
		   same(url.query, splits[i].query), "%s is split",
		   splits[i].text);
	for (size_t i = 0; i < sizeof(no_urls) / sizeof(*no_urls); i++)
		ok(!url_split(str_of(no_urls[i]), &url), "\"%s\" is no URL",
		   no_urls[i]);
	ok(!url_split(STR_NONE, &url), "nothing is none");
	ok(url_split(STR("http://h/a\0b"), &url) && url.path.n == 4 &&
	   !url_is_plain(&url), "a NUL ends no part and is not plain");
	ok(url_split(STR("http://h\0i/"), &url) && url.host.n == 3 &&
	   !url_is_plain(&url), "nor is it in a host");
}

static void test_plain(void)
{
	char text[320] = "http://";
	struct url url;

	for (size_t i = 0; i < sizeof(plains) / sizeof(*plains); i++)
		ok(url_split(str_of(plains[i].text), &url) &&
		   url_is_plain(&url) == plains[i].is_plain &&
		   str_is(url_host_header(&url), plains[i].header),
		   "%s is %splain, its Host is \"%s\"", plains[i].text,
		   plains[i].is_plain ? "" : "not ", plains[i].header);
	ok(url_split(STR("https://h"), &url) && url_is_tls(&url),
	   "https is TLS");
	ok(url_split(STR("http://h"), &url) && !url_is_tls(&url),
	   "http is not");
	memset(text + 7, 'a', 256);
	ok(url_split((struct str){ text, 7 + 255 }, &url) &&
	   url_is_plain(&url), "a host has up to 255 bytes");
	ok(url_split((struct str){ text, 7 + 256 }, &url) &&
	   !url_is_plain(&url), "and not more");
}

static void test_names(void)
{
	char text[65];

	ok(url_is_address(STR("127.0.0.1")), "four numbers are an address");
	ok(url_is_address(STR("[::1]")), "so are brackets");
	ok(!url_is_address(STR("1.2.3")), "three numbers are none");
	ok(!url_is_address(STR("1.2.3.4a")), "nor is a name");
	ok(!url_is_address(STR("")), "nor is nothing");
	ok(url_is_label(STR("eu-west-1")), "a region is a label");
	ok(!url_is_label(STR("")), "an empty one is none");
	ok(!url_is_label(STR("-a")), "nor one that begins with a hyphen");
	ok(!url_is_label(STR("a-")), "nor one that ends with one");
	ok(!url_is_label(STR("a.b")), "nor one with a dot");
	ok(!url_is_label(STR("a/b")), "nor one with a slash");
	memset(text, 'a', sizeof(text));
	ok(url_is_label((struct str){ text, 63 }), "a label has up to 63 bytes");
	ok(!url_is_label((struct str){ text, 64 }), "and not more");
}

int main(void)
{
	test_split();
	test_plain();
	test_names();
	return done();
}
