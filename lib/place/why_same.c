/* SPDX-License-Identifier: Apache-2.0 */
#include "place/why_same.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "format/iso.h"
#include "format/json.h"
#include "format/json_pick.h"

enum { FORM_MAX = 16 << 20, WORD_MAX = 128 };

/* Of what it is */

struct identity {
	struct str id, bucket, key, version, etag, sequencer, source;
	struct str route_to, route_bucket, route_key, route_endpoint;
	struct str bad, written;
};

#define FIELD(path, member, is_text) \
	{ path, offsetof(struct identity, member), is_text }

static const struct json_pick_field fields[] = {
	FIELD("id", id, true),
	FIELD("bucket", bucket, true),
	FIELD("key", key, true),
	FIELD("version", version, true),
	FIELD("etag", etag, true),
	FIELD("sequencer", sequencer, true),
	FIELD("source", source, true),
	FIELD("route.to", route_to, true),
	FIELD("route.bucket", route_bucket, true),
	FIELD("route.key", route_key, true),
	FIELD("route.endpoint", route_endpoint, true),
	FIELD("bad", bad, false),
	FIELD("written", written, true),
};

static int read_identity(struct str text, struct arena *arena,
			 struct identity *is)
{
	struct err ignored;

	memset(is, 0, sizeof(*is));
	return json_pick(fields, sizeof(fields) / sizeof(*fields), text, arena,
			 is, &ignored);
}

static bool is_explanation(const struct identity *there)
{
	time_t ignored;

	return there->bad.n > 0 && iso_time(there->written, &ignored) == 0;
}

static bool is_of_same(const struct identity *a, const struct identity *b)
{
	return str_eq(a->id, b->id) && str_eq(a->bucket, b->bucket) &&
	       str_eq(a->key, b->key) && str_eq(a->version, b->version) &&
	       str_eq(a->etag, b->etag) &&
	       str_eq(a->sequencer, b->sequencer) &&
	       str_eq(a->source, b->source) &&
	       str_eq(a->route_to, b->route_to) &&
	       str_eq(a->route_bucket, b->route_bucket) &&
	       str_eq(a->route_key, b->route_key) &&
	       str_eq(a->route_endpoint, b->route_endpoint);
}

/*
 * What it says: all its tokens, one after the other, each with its length.  What
 * may be another from run to run is left out of them.
 */

struct form {
	struct buf *out;
	unsigned depth;		/* 1 inside the document, 2 in a member of it */
	char member[16];	/* that we are in, "" if its name is longer */
	char name[16];		/* the same within that member */
};

static void put_token(struct form *form, char kind, struct str text)
{
	buf_printf(form->out, "%c%zu:", kind, text.n);
	buf_put_str(form->out, text);
}

static void keep_name(char to[16], struct str name)
{
	to[0] = '\0';
	if (name.n == 0 || name.n >= 16 || memchr(name.p, '\0', name.n))
		return;
	memcpy(to, name.p, name.n);
	to[name.n] = '\0';
}

#define ANY ""

/* name is NULL for a member of the document, ANY for any within member. */
static bool is_member(const struct form *form, const char *member,
		      const char *name)
{
	if (form->depth != (name ? 2 : 1) || strcmp(form->member, member) != 0)
		return false;
	return !name || !*name || strcmp(form->name, name) == 0;
}

static bool is_time(struct str text)
{
	time_t ignored;

	return text.n < ISO_UTC_SIZE && iso_time(text, &ignored) == 0;
}

/* Ids of messages are UUIDs. */
static bool is_hex(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '\0' ||
		    !strchr("0123456789abcdefABCDEF-:", text.p[i]))
			return false;
	return text.n <= WORD_MAX;
}

/* "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1" */
static bool is_trace(struct str text)
{
	while (text.n > 0) {
		struct str value = str_next(&text, ';');
		struct str name = str_next(&value, '=');

		if (!(str_is(name, "Root") || str_is(name, "Parent") ||
		      str_is(name, "Self") || str_is(name, "Sampled") ||
		      str_is(name, "Lineage")) || !is_hex(value))
			return false;
	}
	return true;
}

/*
 * Does the value belong to one delivery or one run?  Only what cannot be read as
 * a sentence does.
 */
static bool may_vary(const struct form *form, enum json_type type,
		     struct str text)
{
	bool is_text = type == JSON_STRING;

	if (is_member(form, "written", NULL) ||
	    is_member(form, "check", "modified") ||
	    is_member(form, "fetch", "modified"))
		return is_text && is_time(text);
	if (is_member(form, "trace", NULL))
		return is_text && is_trace(text);
	if (is_member(form, "from", ANY))
		return type == JSON_NUMBER || (is_text && is_hex(text));
	if (is_member(form, "deadline", NULL) ||
	    is_member(form, "check", "took_ms"))
		return type == JSON_NUMBER;
	if (is_member(form, "route", "annotations"))
		return is_text && str_is(text, "excluded");
	return type == JSON_TRUE && is_member(form, "route", "already");
}

static int on_scalar(void *ctx, enum json_type type, struct str text)
{
	struct form *form = ctx;

	if (may_vary(form, type, text))
		return 0;
	if (form->depth == 1)
		put_token(form, 'k', str_of(form->member));
	if (form->depth == 2)
		put_token(form, 'k', str_of(form->name));
	put_token(form, (char)('0' + type), text);
	return 0;
}

static int on_key(void *ctx, struct str name)
{
	struct form *form = ctx;

	if (form->depth == 1)
		keep_name(form->member, name);
	if (form->depth == 2)
		keep_name(form->name, name);
	if (form->depth > 2 ||
	    (form->depth == 1 ? form->member : form->name)[0] == '\0')
		put_token(form, 'K', name);
	return 0;
}

static int on_open(void *ctx, enum json_type type)
{
	struct form *form = ctx;

	if (form->depth == 1)
		put_token(form, 'k', str_of(form->member));
	if (form->depth == 2)
		put_token(form, 'k', str_of(form->name));
	put_token(form, type == JSON_OBJECT ? '{' : '[', STR_NONE);
	form->depth++;
	form->name[0] = '\0';
	return 0;
}

static int on_close(void *ctx, enum json_type type)
{
	struct form *form = ctx;

	form->depth--;
	put_token(form, type == JSON_OBJECT ? '}' : ']', STR_NONE);
	return 0;
}

static void put_form(struct buf *out, struct str text)
{
	static const struct json_handler handler = {
		.scalar = on_scalar, .key = on_key,
		.open = on_open, .close = on_close,
	};
	struct form form = { .out = out };
	struct json_parser *parser = json_new(&handler, &form);
	struct err ignored;

	if (!parser || json_whole(parser, text, &ignored) < 0)
		out->failed = true;
	json_free(parser);
}

static bool says_the_same(struct str there, struct str ours)
{
	struct buf a, b;
	bool same;

	buf_init(&a, FORM_MAX);
	buf_init(&b, FORM_MAX);
	put_form(&a, there);
	put_form(&b, ours);
	same = !a.failed && !b.failed && str_eq(buf_str(&a), buf_str(&b));
	buf_free(&a);
	buf_free(&b);
	return same;
}

enum why_same why_same(struct str there, struct str ours, struct arena *arena)
{
	struct identity that, this;

	if (read_identity(there, arena, &that) < 0 ||
	    read_identity(ours, arena, &this) < 0 || !is_explanation(&that))
		return WHY_NONE;
	if (!is_of_same(&that, &this))
		return WHY_OF_OTHER;
	return says_the_same(there, ours) ? WHY_SAME : WHY_OLDER;
}
