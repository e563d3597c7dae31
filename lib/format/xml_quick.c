/* SPDX-License-Identifier: Apache-2.0 */
#include "format/xml_quick.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "format/xml_char.h"

struct quick {
	const struct xml_scan *scan;
	const char *p, *end;
	struct str names[XML_QUICK_DEPTH];	/* of what is open */
	unsigned depth;
	struct buf text;
	bool stopped;
};

static inline bool take(struct quick *q, char c)
{
	if (q->p == q->end || *q->p != c)
		return false;
	q->p++;
	return true;
}

static inline bool take_word(struct quick *q, struct str word)
{
	if ((size_t)(q->end - q->p) < word.n ||
	    memcmp(q->p, word.p, word.n) != 0)
		return false;
	q->p += word.n;
	return true;
}

/* What stands before c, which is taken as well; absent if there is no c. */
static inline struct str take_upto(struct quick *q, char c)
{
	const char *begin = q->p;
	const char *found = memchr(begin, c, (size_t)(q->end - begin));

	if (!found)
		return STR_NONE;
	q->p = found + 1;
	return (struct str){ begin, (size_t)(found - begin) };
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Letters; names with a prefix, a digit or the like are not taken. */
static struct str take_name(struct quick *q)
{
	const char *begin = q->p;

	while (q->p < q->end && is_letter(*q->p))
		q->p++;
	return (struct str){ begin, (size_t)(q->p - begin) };
}

/* The name space of all elements, or nothing. */
static bool take_attribute(struct quick *q)
{
	struct str value;

	if (!take(q, ' '))
		return true;
	if (!take_word(q, STR("xmlns=\"")))
		return false;
	value = take_upto(q, '"');
	return value.p && !memchr(value.p, '<', value.n) &&
	       !memchr(value.p, '&', value.n);
}

/* The length of a reference, and the character that it means; 0: not taken. */
static size_t reference(struct str s, char *c)
{
	static const struct {
		const char *name;
		char c;
	} names[] = {
		{ "&quot;", '"' }, { "&amp;", '&' }, { "&lt;", '<' },
		{ "&gt;", '>' }, { "&apos;", '\'' },
	};
	unsigned long number;
	size_t n = xml_char_reference(s, &number);

	if (n > 0) {
		*c = (char)number;
		return number < 0x80 ? n : 0;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (str_has_prefix(s, str_of(names[i].name))) {
			*c = names[i].c;
			return strlen(names[i].name);
		}
	}
	return 0;
}

/* With the characters that its references mean; absent if it is not taken. */
static struct str resolve(struct quick *q, struct str s)
{
	buf_reset(&q->text);
	for (;;) {
		const char *ampersand = memchr(s.p, '&', s.n);
		size_t n = ampersand ? (size_t)(ampersand - s.p) : s.n;
		char c;

		buf_put(&q->text, s.p, n);
		if (!ampersand)
			return q->text.failed ? STR_NONE : buf_str(&q->text);
		s = (struct str){ s.p + n, s.n - n };
		n = reference(s, &c);
		if (n == 0)
			return STR_NONE;
		buf_putc(&q->text, c);
		s = (struct str){ s.p + n, s.n - n };
	}
}

/* Its last tag, or the only one, has been read. */
static bool end_element(struct quick *q, struct str text)
{
	struct str name = q->names[q->depth - 1];

	q->stopped = q->scan->close(q->scan->ctx, name, text, q->depth--) < 0;
	return !q->stopped;
}

/* Behind "<". */
static bool take_element(struct quick *q)
{
	struct str name = take_name(q);
	bool is_empty;

	if (name.n == 0 || q->depth == XML_QUICK_DEPTH || !take_attribute(q))
		return false;
	is_empty = take(q, '/');
	if (!take(q, '>'))
		return false;
	q->names[q->depth++] = name;
	q->stopped = q->scan->open(q->scan->ctx, name, q->depth) < 0;
	if (q->stopped)
		return false;
	return !is_empty || end_element(q, STR(""));
}

/* Text, and the tag behind it. */
static bool take_some(struct quick *q)
{
	struct str text = take_upto(q, '<');

	if (text.n > 0 && memchr(text.p, '&', text.n))
		text = resolve(q, text);
	if (!text.p)
		return false;
	if (!take(q, '/'))
		return take_element(q);
	return take_word(q, q->names[q->depth - 1]) && take(q, '>') &&
	       end_element(q, text);
}

/*
 * "]]>" is wrong in a text, and the end of a line may have to change: documents
 * with a bracket or a carriage return are not taken.
 */
static bool take_document(struct quick *q)
{
	size_t n = (size_t)(q->end - q->p);

	if (n == 0 || memchr(q->p, ']', n) || memchr(q->p, '\r', n))
		return false;
	if (take_word(q, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>")))
		take(q, '\n');
	if (!take(q, '<') || !take_element(q))
		return false;
	while (q->depth > 0)
		if (!take_some(q))
			return false;
	while (take(q, '\n') || take(q, ' '))
		;
	return q->p == q->end;
}

enum xml_quick xml_quick(struct str document, const struct xml_scan *scan)
{
	struct quick q = { .scan = scan, .p = document.p,
			   .end = document.p + document.n };
	bool taken;

	buf_init(&q.text, document.n);
	taken = take_document(&q);
	buf_free(&q.text);
	if (q.stopped)
		return XML_QUICK_STOPPED;
	return taken ? XML_QUICK_TAKEN : XML_QUICK_LEFT;
}
