/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_text: what all checks of text have in common: how the text begins, and
 * that it holds no NUL.
 *
 * The first bytes, up to four, are kept until they show what the text begins
 * with: a byte order mark, UTF-16 or UTF-32, or just text.  Then the check gets
 * them, and the rest as it comes.  What looks like UTF-16 is called by its
 * name; the checks would only see strange bytes in it.
 */
#ifndef S3EV_CHECK_TEXT_H
#define S3EV_CHECK_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct check;
struct check_functions;
struct text_place;

enum { CHECK_TEXT_FIRST = 4 };

/* What becomes of a UTF-8 byte order mark. */
enum check_text_mark {
	CHECK_TEXT_NONE,	/* the check is not one of text */
	CHECK_TEXT_KEEP,	/* the check sees it */
	CHECK_TEXT_DROP,	/* allowed, but no part of the text */
	CHECK_TEXT_REFUSE	/* a fault */
};

struct check_text {
	enum check_text_mark mark;
	unsigned char first[CHECK_TEXT_FIRST];
	size_t n;		/* of them, so far */
	bool begun;		/* the check has had them */
};

/* As update() and end() of the check, which they call. */
void check_text_update(struct check *check, const struct text_place *place,
		       const unsigned char *p, size_t n);
void check_text_end(struct check *check, const struct text_place *place);

#endif
