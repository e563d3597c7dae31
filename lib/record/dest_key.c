/* SPDX-License-Identifier: Apache-2.0 */
#include "record/dest_key.h"

#include <string.h>

/* A key in parts: dir, stem and ext together are the whole. */
struct key_parts {
	struct str dir, base, stem, ext;
};

static struct key_parts split(struct str key)
{
	size_t slash = key.n, dot;
	struct key_parts parts;

	if (!key.p)
		key = STR("");
	while (slash > 0 && key.p[slash - 1] != '/')
		slash--;
	parts.dir = (struct str){ key.p, slash };
	parts.base = (struct str){ key.p + slash, key.n - slash };
	dot = parts.base.n;
	while (dot > 0 && parts.base.p[dot - 1] != '.')
		dot--;
	/* A leading dot begins a name, not an extension. */
	dot = dot > 1 ? dot - 1 : parts.base.n;
	parts.stem = (struct str){ parts.base.p, dot };
	parts.ext = (struct str){ parts.base.p + dot, parts.base.n - dot };
	return parts;
}

/* Digits of an ISO 8601 time, "2026-11-23T05:54:00Z". */
static struct str of_time(const struct record *r, size_t from, size_t n)
{
	if (r->time.n < from + n)
		return STR_NONE;
	for (size_t i = from; i < from + n; i++)
		if (r->time.p[i] < '0' || r->time.p[i] > '9')
			return STR_NONE;
	return (struct str){ r->time.p + from, n };
}

/* The part called name, which may be absent; -1 if no part has this name. */
static int find_part(const struct record *r, struct str name,
		     struct str *value)
{
	struct key_parts parts = split(r->key);
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
		*value = table[i].value;
		return 0;
	}
	return -1;
}

/* "NAME" or "NAME|TEXT"; text is absent if there is none. */
static struct str take_name(struct str piece, struct str *text)
{
	const char *bar = piece.n > 0 ? memchr(piece.p, '|', piece.n) : NULL;
	struct str name = piece;

	*text = STR_NONE;
	if (bar) {
		name.n = (size_t)(bar - piece.p);
		*text = (struct str){ bar + 1, piece.n - name.n - 1 };
	}
	return name;
}

static bool is_of_time(struct str name)
{
	return str_is(name, "yyyy") || str_is(name, "mm") ||
	       str_is(name, "dd") || str_is(name, "hh");
}

static int lacks(struct str name, struct err *err)
{
	struct str what = is_of_time(name) ? STR("time") : name;

	return err_set(err, "InvalidTemplate",
		       "the record has no %.*s; {%.*s|TEXT} says what to write "
		       "then", STR_FMT(what), STR_FMT(name));
}

/* What stands for the piece in braces. */
static int part(const struct record *r, struct str piece, struct str *value,
		struct err *err)
{
	struct str text, name = take_name(piece, &text);

	if (find_part(r, name, value) < 0)
		return lacks(name, err);
	if (text.p && value->n == 0)
		*value = text;
	else if (!value->p && str_is(name, "version"))
		*value = STR("null");
	return value->p ? 0 : lacks(name, err);
}

/*
 * Take the next piece off the template.  Returns 0 for plain text, 1 for a name
 * in braces, -1 for a brace that is never closed.
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

int dest_key_check(const char *template, struct err *err)
{
	static const struct record nothing;
	struct str piece, name, text, value;

	if (*template == '\0')
		return err_set(err, "InvalidTemplate", "the template is empty");
	while (*template) {
		int kind = next_piece(&template, &piece);

		if (kind < 0)
			return err_set(err, "InvalidTemplate",
				       "a brace is not closed: {%.*s",
				       STR_FMT(piece));
		name = take_name(piece, &text);
		if (kind == 1 && find_part(&nothing, name, &value) < 0)
			return err_set(err, "InvalidTemplate",
				       "{%.*s} is not a part of a record",
				       STR_FMT(name));
	}
	return 0;
}

static void put_tag(struct buf *key, const struct record *record)
{
	buf_putc(key, '~');
	buf_put_str(key, record->id);
}

int dest_key_expand(struct buf *key, const char *template,
		    const struct record *record, struct err *err)
{
	size_t start = key->n, room = RECORD_KEY_MAX - 1 - record->id.n;
	struct str piece, whole;

	while (*template) {
		if (next_piece(&template, &piece) == 1 &&
		    part(record, piece, &piece, err) < 0)
			return -1;
		buf_put_str(key, piece);
	}
	if (key->failed || key->n - start <= RECORD_KEY_MAX)
		return 0;
	whole = (struct str){ key->p + start, key->n - start };
	key->n = start + str_cut_utf8(whole, room);
	put_tag(key, record);
	return 0;
}

int dest_key_key(const char *template, const struct record *record,
		 struct arena *arena, struct str *key, struct err *err)
{
	struct buf expanded;

	buf_init(&expanded, RECORD_MAX);
	if (dest_key_expand(&expanded, template, record, err) < 0) {
		buf_free(&expanded);
		return -1;
	}
	*key = arena_take(arena, &expanded);
	if (!key->p)
		return err_memory(err);
	if (key->n == 0)
		return err_set(err, "InvalidKey",
			       "the template %s gives an empty key",
			       template);
	return 0;
}

void dest_key_second(struct buf *key, struct str taken,
		     const struct record *record)
{
	struct key_parts parts = split(taken);
	size_t tag = 1 + record->id.n;
	size_t head = parts.dir.n + parts.stem.n;

	/* An "extension" that leaves no room for a name does not count. */
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

struct str dest_key_second_in(struct str taken, const struct record *record,
			      struct arena *arena)
{
	struct buf key;

	buf_init(&key, RECORD_KEY_MAX);
	dest_key_second(&key, taken, record);
	return arena_take(arena, &key);
}

static const char why_suffix[] = ".why.json";

void dest_key_why(struct buf *why, struct str key,
		  const struct record *record)
{
	size_t room = RECORD_KEY_MAX - (sizeof(why_suffix) - 1);

	if (key.n <= room) {
		buf_put_str(why, key);
	} else {
		buf_put(why, key.p,
			str_cut_utf8(key, room - 1 - record->id.n));
		put_tag(why, record);
	}
	buf_puts(why, why_suffix);
}

bool dest_key_is_why(struct str key)
{
	return str_has_suffix(key, str_of(why_suffix));
}

bool dest_key_is_of_one(const char *template, bool has_buckets)
{
	static const char *const whole[] = {
		"{key}", "{dir}{base}", "{dir}{stem}{ext}"
	};

	if (strstr(template, "{id}"))
		return true;
	if (has_buckets && !strstr(template, "{bucket}"))
		return false;
	for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++)
		if (strstr(template, whole[i]))
			return true;
	return false;
}

bool dest_key_is_of(struct str key, const char *template,
		    const struct record *record)
{
	struct buf first, second;
	struct err ignored;
	bool same;

	buf_init(&first, RECORD_MAX);
	buf_init(&second, RECORD_MAX);
	if (dest_key_expand(&first, template, record, &ignored) == 0)
		dest_key_second(&second, buf_str(&first), record);
	same = first.n > 0 && (str_eq(key, buf_str(&first)) ||
			       str_eq(key, buf_str(&second)));
	buf_free(&first);
	buf_free(&second);
	return same;
}
