/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uri: percent-encoding, RFC 3986 section 2.
 *
 * Text is bytes, not characters: any byte may be encoded, and any byte may come
 * out of decoding, NUL included.
 */
#ifndef S3EV_URI_H
#define S3EV_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

/* Letters, digits and "-._~" need no encoding anywhere (RFC 3986, 2.3). */
bool uri_is_unreserved(char c);

/*
 * Append s with every byte that is not unreserved as %XX, upper-case.  This
 * is the UriEncode() of Signature Version 4.
 */
void uri_encode(struct buf *out, struct str s);

/*
 * The same, but '/' stays.  This makes an object key the path of a request.
 * S3 keys are encoded once and never normalised; "a//b" and "a/./b" are keys.
 */
void uri_encode_path(struct buf *out, struct str s);

/*
 * Decode s once into out, which has room for s.n bytes and may be s.p itself.
 * A '%' that is not followed by two hex digits stays.  Returns the number of
 * bytes written, at most s.n.  No NUL is added.
 */
size_t uri_decode_percent(char *out, struct str s);

/*
 * The same for text from a form, where '+' is a space (URL Standard,
 * application/x-www-form-urlencoded).  S3 encodes the keys in its events so.
 */
size_t uri_decode_form(char *out, struct str s);

/* Whether s, decoded in this way, is text.  It needs no memory. */
bool uri_form_is(struct str s, struct str text);

#endif
