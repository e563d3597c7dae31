/* SPDX-License-Identifier: Apache-2.0 */
/*
 * str: borrowed text, a pointer and a length.
 *
 * The room base holds what every other room needs: text, memory, errors.  Read
 * this header first, then buf.h, arena.h and err.h.
 *
 * Object keys may hold any byte, so text that comes from outside is never
 * taken for a C string.  A struct str owns nothing: whoever made it says how
 * long the bytes live, usually as long as the arena of the record.  The null
 * pointer means "absent", which is not the same as empty.
 */
#ifndef S3EV_STR_H
#define S3EV_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct str {
	const char *p;
	size_t n;
};

/* A name and its value: a header, a parameter. */
struct str_pair {
	struct str name, value;
};

#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })
#define STR_NONE ((struct str){ NULL, 0 })

/* Arguments for "%.*s". */
#define STR_FMT(s) (int)(s).n, (s).p ? (s).p : ""

/* Less, equal or greater than 0, as the bytes of a sort before those of b. */
int str_compare(struct str a, struct str b);

/* A str of the C string s; absent if s is NULL. */
static inline struct str str_of(const char *s)
{
	return (struct str){ s, s ? strlen(s) : 0 };
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_is(struct str s, const char *literal)
{
	return s.p && str_eq(s, str_of(literal));
}

/* The same, without regard to the case of ASCII letters. */
static inline bool str_eq_nocase(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

static inline bool str_is_nocase(struct str s, const char *literal)
{
	return s.p && str_eq_nocase(s, str_of(literal));
}

bool str_has_prefix(struct str s, struct str prefix);
bool str_has_suffix(struct str s, struct str suffix);

/* Is what, which is not empty, anywhere in s? */
bool str_contains(struct str s, const char *what);

/*
 * Take the part of *rest before the first c, or all of it if there is no c.
 * *rest becomes what follows that c, or absent.
 */
struct str str_next(struct str *rest, char c);

/* s without the characters of set at both ends, or at its end. */
struct str str_trim(struct str s, const char *set);
struct str str_trim_end(struct str s, const char *set);

/*
 * Parse all of s as a decimal number without sign.  Returns 0, or -1 if s is
 * not such a number or does not fit.
 */
int str_number(struct str s, unsigned long long *number);

/*
 * The same for a number of bytes, which may end in a unit, in either case: K
 * multiplies it by 1024, M by 1024 * 1024, and so on for G and T.
 */
int str_bytes(struct str s, unsigned long long *bytes);

/*
 * Length of the longest prefix of s that has at most max bytes and does not
 * end inside a UTF-8 character.
 */
size_t str_cut_utf8(struct str s, size_t max);

/* A control character of ASCII: below the blank, or DEL? */
static inline bool str_is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7F;
}

/*
 * Has s a control character?  Text that has one can end a line of a log or a
 * header, so it may go into neither.
 */
bool str_has_control(struct str s);

/* Is s one word of visible ASCII: not empty, no blank, no control character? */
bool str_is_visible(struct str s);

/* Has s no byte above 0x7F? */
bool str_is_ascii(struct str s);

/* Is s well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong)? */
bool str_is_utf8(struct str s);

#endif
