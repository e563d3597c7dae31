/* SPDX-License-Identifier: Apache-2.0 */
#include "format/xml_scan.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "format/xml_char.h"
#include "format/xml_parser.h"
#include "format/xml_quick.h"

/*
 * What expat would refuse is written as ESCAPE and two hexadecimal digits for
 * each byte, and so is ESCAPE itself: U+FDD0, which is allowed, and nobody's
 * character.  The text is put right again before anybody sees it.
 */
#define ESCAPE "\xEF\xB7\x90"
enum { ESCAPE_N = 3, ESCAPE_C = 0xFDD0, GROWTH = 5 };

struct reader {
	XML_Parser parser;
	const struct xml_scan *scan;
	struct buf text;
	unsigned depth;
	bool escaped, stopped, refused;
};

static void stop(struct reader *r, bool *why)
{
	*why = true;
	XML_StopParser(r->parser, XML_FALSE);
}

/* "ns2:Key" -> "Key" */
static struct str local(const char *name)
{
	const char *colon = strchr(name, ':');

	return str_of(colon ? colon + 1 : name);
}

static void on_start(void *ctx, const char *name, const char **attributes)
{
	struct reader *r = ctx;

	(void)attributes;
	buf_reset(&r->text);
	if (r->scan->open(r->scan->ctx, local(name), ++r->depth) < 0)
		stop(r, &r->stopped);
}

static unsigned digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'A' + 10);
}

static void unescape(struct buf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->n;) {
		const char *p = text->p + i;

		if (text->n - i >= ESCAPE_N + 2 &&
		    memcmp(p, ESCAPE, ESCAPE_N) == 0) {
			text->p[n++] = (char)(digit(p[ESCAPE_N]) << 4 |
					      digit(p[ESCAPE_N + 1]));
			i += ESCAPE_N + 2;
		} else {
			text->p[n++] = *p;
			i++;
		}
	}
	text->n = n;
}

static void on_end(void *ctx, const char *name)
{
	struct reader *r = ctx;

	if (r->escaped && !r->text.failed)
		unescape(&r->text);
	if (r->text.failed ||
	    r->scan->close(r->scan->ctx, local(name), buf_str(&r->text),
			   r->depth--) < 0)
		stop(r, &r->stopped);
	buf_reset(&r->text);
}

static void on_text(void *ctx, const char *text, int n)
{
	struct reader *r = ctx;

	buf_put(&r->text, text, (size_t)n);
}

static void on_doctype(void *ctx, const char *name, const char *sysid,
		       const char *pubid, int has_subset)
{
	struct reader *r = ctx;

	(void)name;
	(void)sysid;
	(void)pubid;
	(void)has_subset;
	stop(r, &r->refused);
}

static void put_escaped(struct buf *out, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(out, ESCAPE "%02X", (unsigned char)bytes[i]);
}

/* As UTF-8 would have it, also for what is no character: a half of a pair. */
static void put_character(struct buf *out, unsigned long c)
{
	char bytes[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char leads[] = { 0, 0, 0xC0, 0xE0, 0xF0 };

	for (size_t i = n; i-- > 1; c >>= 6)
		bytes[i] = (char)(0x80 | (c & 0x3F));
	bytes[0] = (char)(leads[n] | c);
	put_escaped(out, bytes, n);
}

/* Is the first character one that expat takes, and not ESCAPE?  Its length. */
static bool is_taken(struct str s, size_t *length)
{
	unsigned long c;

	if (xml_char_bad(s, &c) > 0)
		return false;
	*length = xml_char_reference(s, &c);
	if (*length == 0)
		c = (unsigned long)text_character(s.p, s.n, length);
	return c != (unsigned long)-1 && c != ESCAPE_C;
}

/* How many bytes at the beginning need no escape. */
static size_t plain(struct str s)
{
	size_t i = 0, length;

	while (i < s.n) {
		struct str rest;

		i += text_plain_xml(s.p + i, s.n - i);
		rest = (struct str){ s.p + i, s.n - i };
		if (rest.n == 0 || !is_taken(rest, &length))
			break;
		i += length;
	}
	return i;
}

/* Escape the first character, or a byte that is none; how many bytes it has. */
static size_t put_first(struct buf *out, struct str s)
{
	unsigned long c;
	size_t n = xml_char_bad(s, &c);

	if (n == 0)
		n = xml_char_reference(s, &c);
	if (n == 0) {
		text_character(s.p, s.n, &n);
		put_escaped(out, s.p, n);
	} else if (c < 0x110000) {
		put_character(out, c);
	} else {
		/* A reference to nothing is left to expat, to refuse. */
		buf_put(out, s.p, n);
	}
	return n;
}

static void escape(struct buf *out, struct str s)
{
	while (s.n > 0) {
		size_t n = plain(s);

		buf_put(out, s.p, n);
		if (n < s.n)
			n += put_first(out, (struct str){ s.p + n, s.n - n });
		s.p += n;
		s.n -= n;
	}
}

static int stopped(struct err *err)
{
	return err_set(err, ERR_STOPPED, "stopped by the reader");
}

static int parse(struct reader *r, struct str text, struct err *err)
{
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, on_start, on_end);
	XML_SetCharacterDataHandler(r->parser, on_text);
	XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
	if (XML_Parse(r->parser, text.p, (int)text.n, 1) == XML_STATUS_OK &&
	    !r->stopped && !r->refused)
		return 0;
	if (r->text.failed)
		return err_memory(err);
	if (r->stopped)
		return stopped(err);
	return err_set(err, "InvalidXML", "%s in line %lu of the answer",
		       r->refused ? "a document type" :
		       XML_ErrorString(XML_GetErrorCode(r->parser)),
		       (unsigned long)XML_GetCurrentLineNumber(r->parser));
}

/* With expat; escaped says that the text has what it refuses. */
static int read_all(struct str text, bool escaped, const struct xml_scan *scan,
		    struct err *err)
{
	struct reader r = { .scan = scan, .escaped = escaped };
	struct buf copy;
	int status;

	buf_init(&copy, text.n * GROWTH + 64);
	if (r.escaped) {
		escape(&copy, text);
		text = buf_str(&copy);
	}
	buf_init(&r.text, text.n + 1);
	r.parser = copy.failed || text.n > (size_t)1 << 30 ? NULL :
		   xml_parser_new("UTF-8");
	status = r.parser ? parse(&r, text, err) : err_memory(err);
	XML_ParserFree(r.parser);
	buf_free(&r.text);
	buf_free(&copy);
	return status;
}

int xml_scan(struct str text, const struct xml_scan *scan, struct err *err)
{
	bool escaped = plain(text) < text.n;
	enum xml_quick quick = XML_QUICK_LEFT;

	while (text.n > 0 && *text.p && strchr(" \t\r\n", *text.p)) {
		text.p++;
		text.n--;
	}
	if (!escaped) {
		scan->begin(scan->ctx);
		quick = xml_quick(text, scan);
	}
	if (quick == XML_QUICK_TAKEN)
		return 0;
	if (quick == XML_QUICK_STOPPED)
		return stopped(err);
	scan->begin(scan->ctx);
	return read_all(text, escaped, scan, err);
}
