/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url: the parts of scheme://host[:port][/path][?query], scheme http or https.
 *
 * Nothing is decoded and nothing is copied: the parts are borrowed from the
 * text.  Splitting accepts any bytes; url_is_plain() says whether they are what
 * may stand in a URL.  Pure.
 *
 * RFC 3986, section 3
 */
#ifndef S3EV_URL_H
#define S3EV_URL_H

#include <stdbool.h>

#include "base/str.h"

struct url {
	struct str scheme;	/* "http" or "https" */
	struct str authority;	/* host and port, as they are written */
	struct str host;	/* an address of IPv6 has its brackets */
	struct str port;	/* absent if there is no colon */
	struct str path;	/* from its slash on, or empty */
	struct str query;	/* without the '?', absent if there is none */
};

/* false if text does not begin with "http://" or "https://". */
bool url_split(struct str text, struct url *url);

/* Is it https? */
bool url_is_tls(const struct url *url);

/*
 * The Host header: host and port, but without the scheme's own port, which no
 * client sends.
 */
struct str url_host_header(const struct url *url);

/*
 * Could it be an endpoint?  The host is a name or an address, the port a number
 * that a port may have, the path has no character that must be encoded, and
 * there is neither user nor query nor fragment.  A port that begins with a zero
 * and the zone of an address are refused: libcurl leaves both out of the Host
 * header, which then is another one than was signed.
 */
bool url_is_plain(const struct url *url);

/* Is the host an address, so that no name can be put before it? */
bool url_is_address(struct str host);

/* Is s a label of a host's name: letters, digits, hyphens between them? */
bool url_is_label(struct str s);

/* A letter or digit of ASCII? */
bool url_is_alnum(char c);

#endif
