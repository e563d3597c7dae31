/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uri: percent-encoding, RFC 3986 section 2.
 *
 * Text goes in as borrowed bytes; nothing here looks at characters, so any
 * byte may be encoded and any byte may come out of decoding, NUL included.
 */
#ifndef S3EV_URI_H
#define S3EV_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "str.h"

/* Letters, digits and "-._~" need no encoding anywhere (RFC 3986, 2.3). */
bool uri_is_unreserved(char c);

/*
 * Append s with every byte that is not unreserved as %XX, upper-case.  This
 * is the UriEncode() of Signature Version 4.
 */
void uri_encode(struct buf *out, struct str s);

/*
 * The same, but '/' stays: how an object key becomes the path of a request.
 * S3 keys are encoded once and never normalised; "a//b" and "a/./b" are keys.
 */
void uri_encode_path(struct buf *out, struct str s);

/*
 * Decode s once into out, which has room for s.n bytes and may be s.p itself.
 * A '%' without two hex digits behind it stays as it is.  Returns the number
 * of bytes written, at most s.n.  Nothing is put behind them.
 */
size_t uri_decode_percent(char *out, struct str s);

/*
 * The same for text from a form, where '+' is a space: the keys in S3's event
 * messages are encoded so (URL Standard, application/x-www-form-urlencoded).
 */
size_t uri_decode_form(char *out, struct str s);

#endif
