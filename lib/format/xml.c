/* SPDX-License-Identifier: Apache-2.0 */
#include "format/xml.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "format/xml_char.h"
#include "format/xml_parser.h"

enum { XML_PATH_MAX = 256, XML_TEXT_MAX = 1 << 20 };

struct xml_reader {
	XML_Parser parser;
	const struct xml_field *fields;
	size_t count;
	struct arena *arena;
	void *result;
	struct str root;
	const char *item;	/* path of a repeated element, or NULL */
	void (*each)(void *ctx); /* called at the end of each */
	void *ctx;

	struct buf path;	/* of the current element */
	struct str *field;	/* whose text is being read, or NULL */
	size_t field_path_n;
	struct buf text;
	bool failed;
};

static struct str *field(const struct xml_reader *r, size_t i)
{
	return (struct str *)(void *)((char *)r->result + r->fields[i].offset);
}

/* "*" stands for any root. */
static bool is_at(struct str path, const char *wanted)
{
	if (wanted[0] != '*')
		return str_is(path, wanted);
	str_next(&path, '/');
	return path.p && str_is(path, wanted + 2);
}

static struct str *field_at(const struct xml_reader *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (is_at(buf_str(&r->path), r->fields[i].path))
			return field(r, i);
	return NULL;
}

static void clear_fields(const struct xml_reader *r)
{
	for (size_t i = 0; i < r->count; i++)
		*field(r, i) = STR_NONE;
}

static void fail(struct xml_reader *r)
{
	r->failed = true;
	XML_StopParser(r->parser, XML_FALSE);
}

static void on_start(void *ctx, const char *name, const char **attributes)
{
	struct xml_reader *r = ctx;
	struct str *at;

	(void)attributes;
	if (r->path.n > 0)
		buf_putc(&r->path, '/');
	else
		r->root = arena_dup(r->arena, str_of(name));
	buf_puts(&r->path, name);
	if (r->path.failed) {
		fail(r);
		return;
	}
	/* Only the first element with a path is read. */
	at = r->field ? NULL : field_at(r);
	if (!at || at->p)
		return;
	r->field = at;
	r->field_path_n = r->path.n;
	buf_reset(&r->text);
}

static void on_end(void *ctx, const char *name)
{
	struct xml_reader *r = ctx;
	size_t n = strlen(name);

	if (r->field && r->path.n == r->field_path_n) {
		*r->field = arena_dup(r->arena, buf_str(&r->text));
		if (!r->field->p || r->text.failed)
			fail(r);
		r->field = NULL;
	}
	if (r->item && str_is(buf_str(&r->path), r->item)) {
		r->each(r->ctx);
		clear_fields(r);
	}
	r->path.n -= n;
	if (r->path.n > 0)
		r->path.n--;
}

/* Only text of the element itself, not of elements in it. */
static void on_text(void *ctx, const char *text, int n)
{
	struct xml_reader *r = ctx;

	if (r->field && r->path.n == r->field_path_n)
		buf_put(&r->text, text, (size_t)n);
}

/* Refuse a document type declaration: entities are how XML attacks. */
static void on_doctype(void *ctx, const char *name, const char *sysid,
		       const char *pubid, int has_subset)
{
	(void)name;
	(void)sysid;
	(void)pubid;
	(void)has_subset;
	fail(ctx);
}

static int read_document(struct xml_reader *r, struct str text, struct err *err)
{
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, on_start, on_end);
	XML_SetCharacterDataHandler(r->parser, on_text);
	XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
	if (XML_Parse(r->parser, text.p, (int)text.n, 1) == XML_STATUS_OK &&
	    !r->failed)
		return 0;
	return err_set(err, "InvalidXML", "%s in line %lu of the answer",
		       r->failed ? "something unexpected" :
		       XML_ErrorString(XML_GetErrorCode(r->parser)),
		       (unsigned long)XML_GetCurrentLineNumber(r->parser));
}

/*
 * A copy with "?" for each character that XML 1.0 has not: nobody needs them,
 * but what stands beside them.  Absent if there is none, or no memory.
 */
static struct str mended(struct str text, struct arena *arena)
{
	char *copy = arena_alloc(arena, text.n);
	size_t n = 0, bad = 0;

	for (size_t i = 0; copy && i < text.n;) {
		struct str rest = { text.p + i, text.n - i };
		unsigned long c;
		size_t skip = xml_char_bad(rest, &c);

		copy[n++] = skip > 0 ? '?' : text.p[i];
		bad += skip > 0;
		i += skip > 0 ? skip : 1;
	}
	return copy && bad > 0 ? (struct str){ copy, n } : STR_NONE;
}

static int read_once(struct xml_reader *r, struct str text, struct err *err)
{
	int status;

	clear_fields(r);
	r->failed = false;
	r->field = NULL;
	r->parser = xml_parser_new(NULL);
	if (!r->parser)
		return err_memory(err);
	buf_init(&r->path, XML_PATH_MAX);
	buf_init(&r->text, XML_TEXT_MAX);
	status = read_document(r, text, err);
	XML_ParserFree(r->parser);
	buf_free(&r->path);
	buf_free(&r->text);
	return status;
}

/* root may be NULL. */
static int read_all(struct xml_reader *r, struct str text, struct str *root,
		    struct err *err)
{
	struct str copy;
	int status;

	while (text.n > 0 && *text.p && strchr(" \t\r\n", *text.p)) {
		text.p++;
		text.n--;
	}
	if (text.n > XML_TEXT_MAX)
		return err_set(err, "InvalidXML", "a document too large");
	clear_fields(r);
	copy = r->item ? mended(text, r->arena) : STR_NONE;
	status = read_once(r, copy.p ? copy : text, err);
	if (status < 0 && !r->item) {
		copy = mended(text, r->arena);
		if (copy.p)
			status = read_once(r, copy, err);
	}
	if (root)
		*root = r->root;
	return status;
}

int xml_pick(struct str text, const struct xml_field *fields, size_t count,
	     struct arena *arena, void *result, struct str *root,
	     struct err *err)
{
	struct xml_reader r = { .fields = fields, .count = count,
				.arena = arena, .result = result };

	return read_all(&r, text, root, err);
}

int xml_each(struct str text, const struct xml_list *list, struct arena *arena,
	     void *result, struct err *err)
{
	struct xml_reader r = { .fields = list->fields, .count = list->count,
				.item = list->item, .each = list->each,
				.ctx = list->ctx, .arena = arena,
				.result = result };

	return read_all(&r, text, NULL, err);
}
