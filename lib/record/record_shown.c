/* SPDX-License-Identifier: Apache-2.0 */
#include "record/record_shown.h"

#include <stdbool.h>

#include "format/json.h"
#include "format/json_write.h"

/*
 * Depth 1 is inside the record, 2 inside a member of it.  A member that is left
 * out goes with the comma before it, or after it if it is the first.
 */
struct showing {
	struct json_parser *parser;
	struct buf *out;
	struct str line;
	unsigned depth;
	struct str parent;	/* what the member that we are in hides */
	bool is_hidden;		/* the value to come */
	bool is_first;		/* no value was read in this object */
	size_t copied;		/* bytes of line */
	size_t ended;		/* where the last value or bracket did */
};

static int on_key(void *ctx, struct str name)
{
	struct showing *s = ctx;

	if (s->depth == 1)
		s->parent = str_is(name, "from") ? STR("receipt") :
			    str_is(name, "fetch") ? STR("path") : STR_NONE;
	if (s->depth == 2)
		s->is_hidden = s->parent.p && str_eq(name, s->parent);
	return 0;
}

static void copy_to(struct showing *s, size_t end)
{
	json_put_shown(s->out, (struct str){ s->line.p + s->copied,
					     end - s->copied });
	s->copied = end;
}

/* The end of what is left out: with blanks and the comma, if it was the first. */
static size_t skip_comma(const struct showing *s, size_t at)
{
	size_t i = at;

	while (i < s->line.n && s->line.p[i] != '\0' &&
	       strchr(" \t\r\n", s->line.p[i]))
		i++;
	return i < s->line.n && s->line.p[i] == ',' ? i + 1 : at;
}

static void end_value(struct showing *s)
{
	size_t at = json_position(s->parser);

	if (s->depth > 2)
		return;
	if (s->is_hidden) {
		copy_to(s, s->ended);
		s->copied = s->is_first ? skip_comma(s, at) : at;
		s->ended = s->copied;
	} else {
		s->ended = at;
		s->is_first = false;
	}
	s->is_hidden = false;
}

static int on_scalar(void *ctx, enum json_type type, struct str text)
{
	(void)type;
	(void)text;
	end_value(ctx);
	return 0;
}

static int on_open(void *ctx, enum json_type type)
{
	struct showing *s = ctx;

	if (s->depth == 0 && type != JSON_OBJECT)
		return -1;
	s->depth++;
	if (s->depth <= 2) {
		s->ended = json_position(s->parser);
		s->is_first = true;
	}
	if (s->depth == 2 && type != JSON_OBJECT)
		s->parent = STR_NONE;
	return 0;
}

static int on_close(void *ctx, enum json_type type)
{
	struct showing *s = ctx;

	(void)type;
	s->depth--;
	end_value(s);
	return 0;
}

void record_put_shown(struct buf *out, struct str line)
{
	static const struct json_handler handler = {
		.scalar = on_scalar, .key = on_key,
		.open = on_open, .close = on_close,
	};
	struct showing s = { .out = out, .line = line };
	size_t before = out->n;
	struct err err;

	s.parser = json_new(&handler, &s);
	if (s.parser && json_whole(s.parser, line, &err) == 0)
		copy_to(&s, line.n);
	else if (!s.parser || err_is(&err, ERR_MEMORY))
		out->failed = true;
	else
		out->n = before;
	json_free(s.parser);
}
