/* SPDX-License-Identifier: Apache-2.0 */
#include "xml.h"

#include <expat.h>
#include <stdbool.h>
#include <string.h>

#include "buf.h"

enum { XML_PATH_MAX = 256, XML_TEXT_MAX = 1 << 20 };

struct reader {
	XML_Parser parser;
	const struct xml_field *fields;
	size_t count;
	struct arena *arena;
	void *result;
	struct str root;
	const char *item;	/* path of what is read again and again, */
	void (*each)(void *ctx); /* and who is told of each */
	void *ctx;

	struct buf path;	/* of the element we are in */
	struct str *field;	/* the one whose text we are reading */
	size_t field_path_n;
	struct buf text;
	bool failed;
};

static struct str *field(const struct reader *r, size_t i)
{
	return (struct str *)(void *)((char *)r->result + r->fields[i].offset);
}

static struct str *field_at(const struct reader *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (str_is(buf_str(&r->path), r->fields[i].path))
			return field(r, i);
	return NULL;
}

static void clear_fields(const struct reader *r)
{
	for (size_t i = 0; i < r->count; i++)
		*field(r, i) = STR_NONE;
}

static void fail(struct reader *r)
{
	r->failed = true;
	XML_StopParser(r->parser, XML_FALSE);
}

static void on_start(void *ctx, const char *name, const char **attributes)
{
	struct reader *r = ctx;
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
	at = r->field ? NULL : field_at(r);
	if (!at || at->p)
		return;
	r->field = at;
	r->field_path_n = r->path.n;
	buf_reset(&r->text);
}

static void on_end(void *ctx, const char *name)
{
	struct reader *r = ctx;
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

/* Only what stands directly in the element. */
static void on_text(void *ctx, const char *text, int n)
{
	struct reader *r = ctx;

	if (r->field && r->path.n == r->field_path_n)
		buf_put(&r->text, text, (size_t)n);
}

static void on_doctype(void *ctx, const char *name, const char *sysid,
		       const char *pubid, int has_subset)
{
	(void)name;
	(void)sysid;
	(void)pubid;
	(void)has_subset;
	fail(ctx);
}

static int read_document(struct reader *r, struct str text, struct err *err)
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

/* root may be NULL. */
static int read_all(struct reader *r, struct str text, struct str *root,
		    struct err *err)
{
	int status;

	clear_fields(r);
	while (text.n > 0 && *text.p && strchr(" \t\r\n", *text.p)) {
		text.p++;
		text.n--;
	}
	if (text.n > XML_TEXT_MAX)
		return err_set(err, "InvalidXML", "a document too large");
	r->parser = XML_ParserCreate(NULL);
	if (!r->parser)
		return err_set(err, "OutOfMemory", "out of memory");
	buf_init(&r->path, XML_PATH_MAX);
	buf_init(&r->text, XML_TEXT_MAX);
	status = read_document(r, text, err);
	XML_ParserFree(r->parser);
	buf_free(&r->path);
	buf_free(&r->text);
	if (root)
		*root = r->root;
	return status;
}

int xml_pick(struct str text, const struct xml_field *fields, size_t count,
	     struct arena *arena, void *result, struct str *root,
	     struct err *err)
{
	struct reader r = { .fields = fields, .count = count, .arena = arena,
			    .result = result };

	return read_all(&r, text, root, err);
}

int xml_each(struct str text, const struct xml_list *list, struct arena *arena,
	     void *result, struct err *err)
{
	struct reader r = { .fields = list->fields, .count = list->count,
			    .item = list->item, .each = list->each,
			    .ctx = list->ctx, .arena = arena,
			    .result = result };

	return read_all(&r, text, NULL, err);
}
