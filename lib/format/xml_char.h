/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml_char: characters that XML 1.0 has not, and that servers echo all the same.
 *
 * A key may hold any of them.  They come as a reference ("&#x8;"), or as they
 * are.  Pure, nothing is owned.
 *
 * https://www.w3.org/TR/xml/#charsets
 */
#ifndef S3EV_XML_CHAR_H
#define S3EV_XML_CHAR_H

#include <stddef.h>

#include "base/str.h"

/*
 * How many bytes at the beginning of s, which is not empty, stand for a
 * character that is not allowed, and which one it is; 0 if it is allowed.
 */
size_t xml_char_bad(struct str s, unsigned long *c);

/*
 * The length of a numeric reference at the beginning of s, and the character
 * that it means, 0x110000 or more if that is none; 0 if there is none.
 */
size_t xml_char_reference(struct str s, unsigned long *c);

#endif
