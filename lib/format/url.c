/* SPDX-License-Identifier: Apache-2.0 */
#include "format/url.h"

#include <string.h>

#include "format/uri.h"

enum { HOST_MAX = 255, LABEL_MAX = 63, PORT_MAX = 65535 };

/* Take the first n bytes off text. */
static struct str take(struct str *text, size_t n)
{
	struct str taken = { text->p, n };

	text->p += n;
	text->n -= n;
	return taken;
}

/* Bytes before the first of set in s. */
static size_t span(struct str s, const char *set)
{
	size_t n = 0;

	while (n < s.n && (s.p[n] == '\0' || !strchr(set, s.p[n])))
		n++;
	return n;
}

/* Colons between brackets belong to the host. */
static void split_authority(struct url *url)
{
	struct str rest = url->authority;
	size_t n = rest.n > 0 && *rest.p == '[' ? span(rest, "]") : 0;

	n += span((struct str){ rest.p + n, rest.n - n }, ":");
	url->host = take(&rest, n);
	url->port = STR_NONE;
	if (rest.n > 0)
		url->port = (struct str){ rest.p + 1, rest.n - 1 };
}

bool url_split(struct str text, struct url *url)
{
	if (str_has_prefix(text, STR("https://")))
		url->scheme = take(&text, 5);
	else if (str_has_prefix(text, STR("http://")))
		url->scheme = take(&text, 4);
	else
		return false;
	take(&text, 3);
	url->authority = take(&text, span(text, "/?#"));
	split_authority(url);
	url->path = take(&text, span(text, "?"));
	url->query = STR_NONE;
	if (text.n > 0)
		url->query = (struct str){ text.p + 1, text.n - 1 };
	return true;
}

bool url_is_tls(const struct url *url)
{
	return str_is(url->scheme, "https");
}

struct str url_host_header(const struct url *url)
{
	if (str_is(url->port, url_is_tls(url) ? "443" : "80"))
		return url->host;
	return url->authority;
}

bool url_is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

bool url_is_label(struct str s)
{
	if (s.n == 0 || s.n > LABEL_MAX || s.p[0] == '-' ||
	    s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!url_is_alnum(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

bool url_is_address(struct str host)
{
	size_t dots = 0;

	if (host.n > 0 && host.p[0] == '[')
		return true;
	for (size_t i = 0; i < host.n; i++) {
		if (host.p[i] == '.')
			dots++;
		else if (host.p[i] < '0' || host.p[i] > '9')
			return false;
	}
	return dots == 3;
}

static bool is_host(struct str host)
{
	bool v6 = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';

	if (v6)
		host = (struct str){ host.p + 1, host.n - 2 };
	for (size_t i = 0; i < host.n; i++)
		if (!url_is_alnum(host.p[i]) &&
		    (host.p[i] == '\0' ||
		     !strchr(v6 ? ":." : "-._", host.p[i])))
			return false;
	return host.n > 0 && host.n <= HOST_MAX;
}

static bool is_port(struct str port)
{
	unsigned long long number;

	return !port.p || (str_number(port, &number) == 0 && number >= 1 &&
			   number <= PORT_MAX && *port.p != '0');
}

bool url_is_plain(const struct url *url)
{
	if (!is_host(url->host) || !is_port(url->port) || url->query.p)
		return false;
	for (size_t i = 0; i < url->path.n; i++) {
		char c = url->path.p[i];

		if (!uri_is_unreserved(c) &&
		    (c == '\0' || !strchr("/%:@+,=~!$&'()*", c)))
			return false;
	}
	return true;
}
