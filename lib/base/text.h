/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: the line and column of a byte in a text, its characters, and fast scans
 * of its bytes, sixteen at a time.
 *
 * A text may come in pieces, cut anywhere.  Nothing here allocates, fails or
 * keeps a pointer.
 */
#ifndef S3EV_TEXT_H
#define S3EV_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* The place of a byte; that of the first one is 1, 1, 1. */
struct text_place {
	unsigned long long line;
	unsigned long long column;	/* in characters of UTF-8 */
	unsigned long long byte;
};

#define TEXT_START ((struct text_place){ 1, 1, 1 })

/*
 * Move place over n bytes: before, it is that of the first of them; afterwards,
 * that of the byte that follows them.
 */
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

/* The same for XML: ASCII without control characters and ampersand. */
size_t text_plain_xml(const void *bytes, size_t n);

/*
 * The first character of n bytes of UTF-8, n > 0, and its length in bytes; -1
 * and 1 if it is not well-formed.
 */
long text_character(const void *bytes, size_t n, size_t *length);

/*
 * May c not be written as it is where people read?  So it is with characters
 * that end a line, move the cursor, turn the direction of the text or cannot be
 * seen: the controls C0, DEL and C1, soft hyphen, line and paragraph separator,
 * marks and controls of direction, joiners and blanks without width, and tags.
 * -1, which is no character, is hidden too.
 */
bool text_is_hidden(long c);

/* A character of UTF-8 that a piece ended in; all zero at the beginning. */
struct text_utf8 {
	unsigned char have;		/* bytes of it read; 0: not in one */
	unsigned char left;		/* bytes of it still to come */
	unsigned char low, high;	/* bounds of the next byte */
};

/*
 * How many of n bytes are well-formed UTF-8 (RFC 3629): n, or fewer if the next
 * byte cannot follow.  In that case have is the number of bytes between the
 * start of the broken character and that byte; 0 if no character has begun.
 */
size_t text_utf8(struct text_utf8 *utf8, const void *bytes, size_t n);

#endif
