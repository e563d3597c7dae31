/* SPDX-License-Identifier: Apache-2.0 */
/*
 * etag: the entity tag of an object, what it proves and what it does not.
 *
 * Pure, nothing is owned.  AWS's ETags are strong and only name the content;
 * proxies in front of other servers weaken them (RFC 9110, 8.8.3) or add to
 * them when they compress an answer.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
 */
#ifndef S3EV_ETAG_H
#define S3EV_ETAG_H

#include <stdbool.h>

#include "base/str.h"

/* The opaque tag: without quotes, and without the W/ of a weak one. */
struct str etag_bare(struct str etag);

/* Is the text an MD5 in hex, as the ETag of a simple upload is? */
bool etag_is_md5(struct str etag);

/* Are both known and the same?  Case does not matter: the digits are hex. */
bool etag_same(struct str a, struct str b);

/* Are both known, and not the same?  Tags and versions alike. */
bool etag_differs(struct str pinned, struct str got);

/*
 * Is one the other with what a proxy has added to it?  "-gzip" (Apache), "--gzip"
 * (Jetty), ";gzip", and the same with "br", "deflate" and "zstd"; or anything
 * behind a hash of 16 digits and more, such as ":1423" (Akamai).  No object has
 * another's hash.
 */
bool etag_is_altered(struct str a, struct str b);

#endif
