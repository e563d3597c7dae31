/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* le64toh */
#include "format/json_quick.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

struct scan {
	struct json_quick *quick;
	const char *p, *end;
	unsigned depth;
	char closers[JSON_QUICK_DEPTH];	/* of what is open, outermost first */
};

/* Eight times the same byte. */
#define ALL(byte) (UINT64_C(0x0101010101010101) * (byte))

/*
 * Which of eight bytes are a quote, a backslash, a control character or not
 * ASCII?  The lowest bit that is set tells of the first of them; those above it
 * may be wrong.
 */
static uint64_t special(uint64_t bytes)
{
	uint64_t quote = bytes ^ ALL('"'), backslash = bytes ^ ALL('\\');

	return ((bytes - ALL(' ')) | (quote - ALL(1)) | (backslash - ALL(1)) |
		bytes) & ALL(0x80);
}

static bool is_plain(char c)
{
	return c >= ' ' && c != '"' && c != '\\' && (unsigned char)c < 0x80;
}

static bool is_digit(const struct scan *s)
{
	return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

static inline void skip_blanks(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' ||
				 *s->p == '\r' || *s->p == '\t'))
		s->p++;
}

static inline bool take(struct scan *s, char c)
{
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

/* What a letter behind a backslash stands for; 0: none, or more than a letter. */
static char escaped(char letter)
{
	switch (letter) {
	case '"':
	case '\\':
	case '/':
		return letter;
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return 0;
	}
}

/* A token that ends here. */
static inline bool add(struct scan *s, unsigned kind, enum json_type type,
		       struct str text)
{
	struct json_token *token = &s->quick->tokens[s->quick->count];

	if (s->quick->count == JSON_QUICK_TOKENS)
		return false;
	s->quick->count++;
	token->kind = kind;
	token->type = type;
	token->text = text;
	token->end = s->p;
	token->is_escaped = false;
	return true;
}

static inline void skip_plain(struct scan *s)
{
	uint64_t bytes;

	while (s->end - s->p >= (ptrdiff_t)sizeof(bytes)) {
		memcpy(&bytes, s->p, sizeof(bytes));
		bytes = special(le64toh(bytes));
		if (bytes) {
			s->p += __builtin_ctzll(bytes) / 8;
			return;
		}
		s->p += sizeof(bytes);
	}
	while (s->p < s->end && is_plain(*s->p))
		s->p++;
}

static inline bool take_string(struct scan *s, unsigned kind)
{
	const char *begin = s->p + 1;
	bool is_escaped = false;
	struct str text;

	if (!take(s, '"'))
		return false;
	for (skip_plain(s); take(s, '\\'); skip_plain(s)) {
		if (s->p == s->end || !escaped(*s->p++))
			return false;
		is_escaped = true;
	}
	text = (struct str){ begin, (size_t)(s->p - begin) };
	if (!take(s, '"') || !add(s, kind, JSON_STRING, text))
		return false;
	s->quick->tokens[s->quick->count - 1].is_escaped = is_escaped;
	return true;
}

static bool take_digits(struct scan *s)
{
	if (!is_digit(s))
		return false;
	while (is_digit(s))
		s->p++;
	return true;
}

/* RFC 8259, section 6; what stands behind it is looked at by the caller. */
static bool take_number(struct scan *s)
{
	const char *begin = s->p;

	take(s, '-');
	if (!take(s, '0') && !take_digits(s))
		return false;
	if (take(s, '.') && !take_digits(s))
		return false;
	if (take(s, 'e') || take(s, 'E')) {
		if (!take(s, '+'))
			take(s, '-');
		if (!take_digits(s))
			return false;
	}
	return add(s, JSON_SCALAR, JSON_NUMBER,
		   (struct str){ begin, (size_t)(s->p - begin) });
}

static bool take_word(struct scan *s, enum json_type type, struct str word)
{
	if ((size_t)(s->end - s->p) < word.n ||
	    memcmp(s->p, word.p, word.n) != 0)
		return false;
	s->p += word.n;
	return add(s, JSON_SCALAR, type, STR_NONE);
}

static bool open_container(struct scan *s, enum json_type type, char closer)
{
	if (s->depth == JSON_QUICK_DEPTH)
		return false;
	s->closers[s->depth++] = closer;
	s->p++;
	return add(s, JSON_OPEN, type, STR_NONE);
}

static enum json_type type_inside(const struct scan *s)
{
	return s->closers[s->depth - 1] == '}' ? JSON_OBJECT : JSON_ARRAY;
}

/* A scalar, or the beginning of an object or array. */
static bool take_value(struct scan *s)
{
	if (s->p == s->end)
		return false;
	switch (*s->p) {
	case '"':
		return take_string(s, JSON_SCALAR);
	case '{':
		return open_container(s, JSON_OBJECT, '}');
	case '[':
		return open_container(s, JSON_ARRAY, ']');
	case 't':
		return take_word(s, JSON_TRUE, STR("true"));
	case 'f':
		return take_word(s, JSON_FALSE, STR("false"));
	case 'n':
		return take_word(s, JSON_NULL, STR("null"));
	default:
		return take_number(s);
	}
}

static bool take_key(struct scan *s)
{
	skip_blanks(s);
	if (!take_string(s, JSON_KEY))
		return false;
	skip_blanks(s);
	return take(s, ':');
}

/* All that closes here.  The outermost may be among it. */
static bool take_closers(struct scan *s)
{
	for (;;) {
		skip_blanks(s);
		if (s->p == s->end || *s->p != s->closers[s->depth - 1])
			return true;
		s->p++;
		if (!add(s, JSON_CLOSE, type_inside(s), STR_NONE))
			return false;
		if (--s->depth == 0)
			return true;
	}
}

size_t json_quick_read(struct json_quick *quick, struct str text)
{
	struct scan s = { .quick = quick, .p = text.p, .end = text.p + text.n };
	unsigned before;

	quick->count = 0;
	if (text.n == 0 || (*text.p != '{' && *text.p != '['))
		return 0;
	do {
		skip_blanks(&s);
		before = s.depth;
		if (!take_value(&s) || !take_closers(&s))
			return 0;
		if (s.depth == 0)
			return (size_t)(s.p - text.p);
		if (s.depth <= before && !take(&s, ','))
			return 0;
	} while (type_inside(&s) == JSON_ARRAY || take_key(&s));
	return 0;
}

struct str json_quick_text(const struct json_token *token, struct buf *room)
{
	const char *p = token->text.p, *end = p + token->text.n, *slash;
	char *to;

	if (!token->is_escaped)
		return token->text;
	buf_reset(room);
	to = buf_room(room, token->text.n);
	if (!to)
		return STR_NONE;
	while ((slash = memchr(p, '\\', (size_t)(end - p)))) {
		memcpy(to, p, (size_t)(slash - p));
		to += slash - p;
		*to++ = escaped(slash[1]);
		p = slash + 2;
	}
	memcpy(to, p, (size_t)(end - p));
	to += end - p;
	return (struct str){ room->p, (size_t)(to - room->p) };
}

size_t json_quick_blanks(struct str text)
{
	struct scan s = { .p = text.p, .end = text.p + text.n };

	skip_blanks(&s);
	return (size_t)(s.p - text.p);
}
