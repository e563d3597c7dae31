/* SPDX-License-Identifier: Apache-2.0 */
#include "pick.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

enum { PATH_MAX_BYTES = 96 };

struct pick {
	struct json_parser *parser;
	const struct pick_field *fields;
	size_t count;
	struct str text;
	struct arena *arena;
	void *result;

	/*
	 * The path of the member being read: the part of each open container
	 * ends at ends[], and a container that no field can lie in (an array,
	 * a name empty, too long or with a dot) is "dark".
	 */
	char path[PATH_MAX_BYTES];
	size_t path_n;
	size_t ends[JSON_DEPTH_MAX + 1];
	size_t starts[JSON_DEPTH_MAX + 1];
	unsigned depth;
	unsigned dark;		/* depth of the outermost dark container */
	bool named;		/* path names the value to come */
	bool failed;
	struct str paths[];	/* those of the fields */
};

static const struct pick_field *find_field(const struct pick *picker)
{
	struct str path = { picker->path, picker->path_n };

	if (!picker->named)
		return NULL;
	for (size_t i = 0; i < picker->count; i++)
		if (str_eq(path, picker->paths[i]))
			return &picker->fields[i];
	return NULL;
}

static struct str *result_of(const struct pick *picker,
			     const struct pick_field *field)
{
	return (struct str *)(void *)((char *)picker->result + field->offset);
}

static int pick_key(void *ctx, struct str name)
{
	struct pick *picker = ctx;
	size_t n = picker->ends[picker->depth];

	picker->named = !picker->dark && name.n > 0 &&
			name.n + n + 1 < PATH_MAX_BYTES &&
			!memchr(name.p, '.', name.n);
	if (!picker->named)
		return 0;
	if (n > 0)
		picker->path[n++] = '.';
	memcpy(picker->path + n, name.p, name.n);
	picker->path_n = n + name.n;
	return 0;
}

/* A member that comes again takes all that was in it before with it. */
static void forget_inside(const struct pick *picker)
{
	struct str path = { picker->path, picker->path_n };

	for (size_t i = 0; picker->named && i < picker->count; i++) {
		struct str other = picker->paths[i];

		if (other.n > path.n && other.p[path.n] == '.' &&
		    str_has_prefix(other, path))
			*result_of(picker, &picker->fields[i]) = STR_NONE;
	}
}

static int pick_scalar(void *ctx, enum json_type type, struct str text)
{
	struct pick *picker = ctx;
	const struct pick_field *field = find_field(picker);
	struct str *value;

	if (picker->depth == 0)
		return -1;
	forget_inside(picker);
	if (!field)
		return 0;
	value = result_of(picker, field);
	*value = STR_NONE;
	if (type == JSON_NULL || (field->is_text && type != JSON_STRING))
		return 0;
	if (type == JSON_TRUE)
		text = STR("true");
	else if (type == JSON_FALSE)
		text = STR("false");
	*value = arena_dup(picker->arena, text);
	picker->failed = !value->p;
	return picker->failed ? -1 : 0;
}

static int pick_open(void *ctx, enum json_type type)
{
	struct pick *picker = ctx;
	unsigned depth = ++picker->depth;

	if (depth == 1)
		return type == JSON_OBJECT ? 0 : -1;
	forget_inside(picker);
	picker->starts[depth] = find_field(picker) ?
		json_position(picker->parser) - 1 : SIZE_MAX;
	if (!picker->dark && (!picker->named || type == JSON_ARRAY))
		picker->dark = depth;
	picker->ends[depth] = picker->named ? picker->path_n : 0;
	picker->named = picker->named && type == JSON_OBJECT;
	return 0;
}

static int pick_close(void *ctx, enum json_type type)
{
	struct pick *picker = ctx;
	unsigned depth = picker->depth--;

	(void)type;
	if (depth > 1 && picker->starts[depth] != SIZE_MAX) {
		const struct pick_field *field;

		picker->path_n = picker->ends[depth];
		picker->named = true;
		field = find_field(picker);
		*result_of(picker, field) = field->is_text ? STR_NONE :
			(struct str){ picker->text.p + picker->starts[depth],
				      json_position(picker->parser) -
				      picker->starts[depth] };
	}
	if (picker->dark == depth)
		picker->dark = 0;
	picker->named = false;
	return 0;
}

static const struct json_handler pick_handler = {
	.scalar = pick_scalar,
	.key = pick_key,
	.open = pick_open,
	.close = pick_close,
};

struct pick *pick_new(const struct pick_field *fields,
				    size_t count)
{
	struct pick *picker = calloc(1, sizeof(*picker) +
				     count * sizeof(*picker->paths));

	if (!picker)
		return NULL;
	for (size_t i = 0; i < count; i++)
		picker->paths[i] = str_of(fields[i].path);
	picker->fields = fields;
	picker->count = count;
	picker->parser = json_new(&pick_handler, picker);
	if (!picker->parser) {
		free(picker);
		return NULL;
	}
	return picker;
}

void pick_free(struct pick *picker)
{
	if (!picker)
		return;
	json_free(picker->parser);
	free(picker);
}

static void pick_error(const struct pick *picker, struct err *err)
{
	if (picker->failed)
		err_set(err, "OutOfMemory", "out of memory");
	else if (strcmp(err->code, "Stopped") == 0)
		err_set(err, "InvalidJSON", "not a JSON object");
}

/* The parser is kept from text to text, and made anew after an error. */
int pick_object(struct pick *picker, struct str text,
	      struct arena *arena, void *result, struct err *err)
{

	picker->text = text;
	picker->arena = arena;
	picker->result = result;
	picker->path_n = 0;
	picker->depth = picker->dark = 0;
	picker->named = picker->failed = false;
	for (size_t i = 0; i < picker->count; i++)
		*result_of(picker, &picker->fields[i]) = STR_NONE;
	if (json_whole(picker->parser, text, err) == 0)
		return 0;
	pick_error(picker, err);
	if (json_reset(picker->parser) < 0)
		err_set(err, "OutOfMemory", "out of memory");
	return -1;
}
