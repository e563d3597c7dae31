/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html: text from outside as text in a page.
 *
 * Whatever the bytes are, they cannot begin or end an element or an attribute.
 * What cannot be seen is shown in <b class="x">: characters that text_is_hidden()
 * and other blanks as U+202E, line ends and tabs as \n, \r and \t, a blank
 * where it could be overlooked as an open box, and a byte that is no UTF-8 as
 * \xNN.
 *
 * https://html.spec.whatwg.org/multipage/parsing.html
 */
#ifndef S3EV_HTML_H
#define S3EV_HTML_H

#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

/* Append s for the content of an element. */
void html_put(struct buf *out, struct str s);

/* The same for where there are no elements: a title, an attribute. */
void html_put_plain(struct buf *out, struct str s);

/* As html_put(), but only the first n bytes, cut between characters, with "..." if cut. */
void html_put_cut(struct buf *out, struct str s, size_t n);

#endif
