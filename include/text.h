/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: where in a text something stands, and loops over its bytes that go
 * sixteen at a time.
 *
 * A text may come in pieces, cut anywhere.  Nothing here allocates or fails.
 */
#ifndef S3EV_TEXT_H
#define S3EV_TEXT_H

#include <stddef.h>

/* The place of a byte; the first of all is at 1, 1, 1. */
struct text_place {
	unsigned long long line;
	unsigned long long column;	/* in characters of UTF-8 */
	unsigned long long byte;
};

#define TEXT_START ((struct text_place){ 1, 1, 1 })

/* Move place, which is that of the first of n bytes, behind the last. */
void text_advance(struct text_place *place, const void *bytes, size_t n);

/* How many of n bytes are c. */
size_t text_count(const void *bytes, size_t n, char c);

/* How many bytes at the beginning are ASCII. */
size_t text_ascii(const void *bytes, size_t n);

/*
 * How many bytes at the beginning stand for themselves in a JSON string: ASCII
 * without control characters, quote and backslash.
 */
size_t text_plain(const void *bytes, size_t n);

/* Inside which character of UTF-8 a piece ended; all zero at the beginning. */
struct text_utf8 {
	unsigned char have;		/* bytes of it that were read, 0: none */
	unsigned char left;		/* bytes that are still to come */
	unsigned char low, high;	/* what the next of them may be */
};

/*
 * How many of n bytes are UTF-8 as RFC 3629 has it: n, or less if the next byte
 * cannot follow.  Then have, if not 0, says how far before it the character
 * begins that it breaks.
 */
size_t text_utf8(struct text_utf8 *utf8, const void *bytes, size_t n);

#endif
