/* SPDX-License-Identifier: Apache-2.0 */
#include "template.h"

#include <string.h>

/* A key in parts: dir, stem and ext make up the whole. */
struct parts {
	struct str dir, base, stem, ext;
};

static struct parts split(struct str key)
{
	size_t slash = key.n, dot;
	struct parts parts;

	if (!key.p)
		key = STR("");
	while (slash > 0 && key.p[slash - 1] != '/')
		slash--;
	parts.dir = (struct str){ key.p, slash };
	parts.base = (struct str){ key.p + slash, key.n - slash };
	dot = parts.base.n;
	while (dot > 0 && parts.base.p[dot - 1] != '.')
		dot--;
	/* A leading dot begins a name, no extension. */
	dot = dot > 1 ? dot - 1 : parts.base.n;
	parts.stem = (struct str){ parts.base.p, dot };
	parts.ext = (struct str){ parts.base.p + dot, parts.base.n - dot };
	return parts;
}

/* Characters of an ISO 8601 time, "2026-11-23T05:54:00Z". */
static struct str of_time(const struct record *r, size_t from, size_t n)
{
	if (r->time.n < from + n)
		return STR_NONE;
	return (struct str){ r->time.p + from, n };
}

/* The part called name, or -1 if there is none such. */
static int part(const struct record *r, struct str name, struct str *value)
{
	struct parts parts = split(r->key);
	const struct {
		const char *name;
		struct str value;
	} table[] = {
		{ "key", r->key },
		{ "dir", parts.dir },
		{ "base", parts.base },
		{ "stem", parts.stem },
		{ "ext", parts.ext },
		{ "bucket", r->bucket },
		{ "id", r->id },
		{ "version", r->version },
		{ "sequencer", r->sequencer },
		{ "yyyy", of_time(r, 0, 4) },
		{ "mm", of_time(r, 5, 2) },
		{ "dd", of_time(r, 8, 2) },
		{ "hh", of_time(r, 11, 2) },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (!str_is(name, table[i].name))
			continue;
		*value = table[i].value.p ? table[i].value : STR("null");
		return 0;
	}
	return -1;
}

/*
 * Take the next piece off the template: text as it stands (0), a name in
 * braces (1), a brace that is never closed (-1).
 */
static int next_piece(const char **template, struct str *piece)
{
	const char *p = *template;

	if (p[0] == '{' && p[1] == '{') {
		*piece = STR("{");
		*template = p + 2;
		return 0;
	}
	if (p[0] != '{') {
		*piece = (struct str){ p, strcspn(p, "{") };
		*template = p + piece->n;
		return 0;
	}
	*piece = (struct str){ p + 1, strcspn(p + 1, "}") };
	*template = p + 1 + piece->n;
	if (**template != '}')
		return -1;
	(*template)++;
	return 1;
}

int template_check(const char *template, struct err *err)
{
	static const struct record nothing;
	struct str piece, value;

	if (*template == '\0')
		return err_set(err, "InvalidTemplate", "the template is empty");
	while (*template) {
		int kind = next_piece(&template, &piece);

		if (kind < 0)
			return err_set(err, "InvalidTemplate",
				       "a brace is not closed: {%.*s",
				       STR_FMT(piece));
		if (kind == 1 && part(&nothing, piece, &value) < 0)
			return err_set(err, "InvalidTemplate",
				       "{%.*s} is no part of a record",
				       STR_FMT(piece));
	}
	return 0;
}

static void put_tag(struct buf *key, const struct record *record)
{
	buf_putc(key, '~');
	buf_put_str(key, record->id);
}

void template_expand(struct buf *key, const char *template,
		     const struct record *record)
{
	size_t start = key->n, room = RECORD_KEY_MAX - 1 - record->id.n;
	struct str piece, whole;

	while (*template) {
		if (next_piece(&template, &piece) == 1)
			part(record, piece, &piece);
		buf_put_str(key, piece);
	}
	if (key->failed || key->n - start <= RECORD_KEY_MAX)
		return;
	whole = (struct str){ key->p + start, key->n - start };
	key->n = start + str_cut_utf8(whole, room);
	put_tag(key, record);
}

int template_key(const char *template, const struct record *record,
		 struct arena *arena, struct str *key, struct err *err)
{
	struct buf expanded;

	buf_init(&expanded, RECORD_MAX);
	template_expand(&expanded, template, record);
	*key = expanded.failed ? STR_NONE :
				 arena_dup(arena, buf_str(&expanded));
	buf_free(&expanded);
	if (!key->p)
		return err_set(err, "OutOfMemory", "out of memory");
	if (key->n == 0)
		return err_set(err, "InvalidKey",
			       "the template %s makes an empty key of it",
			       template);
	return 0;
}

void template_second(struct buf *key, struct str taken,
		     const struct record *record)
{
	struct parts parts = split(taken);
	size_t tag = 1 + record->id.n;
	size_t head = parts.dir.n + parts.stem.n;

	/* An "extension" that leaves no room for a name is none. */
	if (parts.ext.n + tag > RECORD_KEY_MAX / 2) {
		head += parts.ext.n;
		parts.ext.n = 0;
	}
	head = str_cut_utf8((struct str){ taken.p, head },
			    RECORD_KEY_MAX - tag - parts.ext.n);
	buf_put(key, taken.p, head);
	put_tag(key, record);
	buf_put_str(key, parts.ext);
}

void template_why(struct buf *why, struct str key,
		  const struct record *record)
{
	static const char suffix[] = ".why.json";
	size_t room = RECORD_KEY_MAX - (sizeof(suffix) - 1);

	if (key.n <= room) {
		buf_put_str(why, key);
	} else {
		buf_put(why, key.p,
			str_cut_utf8(key, room - 1 - record->id.n));
		put_tag(why, record);
	}
	buf_puts(why, suffix);
}
