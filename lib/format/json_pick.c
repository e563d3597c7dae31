/* SPDX-License-Identifier: Apache-2.0 */
#include "format/json_pick.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "format/json.h"

enum { PATH_MAX_BYTES = 96 };

struct json_pick {
	struct json_parser *parser;
	const struct json_pick_field *fields;
	size_t count;
	const struct json_pick_field *other;	/* JSON_PICK_OTHER, or NULL */
	struct str text;
	struct arena *arena;
	void *result;

	/*
	 * The path of the member being read; the part that belongs to the
	 * container at a depth ends at ends[depth].  A container is "dark" if
	 * no field can lie in it: an array, or one whose name is empty, too
	 * long or has a dot.
	 */
	char path[PATH_MAX_BYTES];
	size_t path_n;
	size_t ends[JSON_DEPTH_MAX + 1];
	size_t starts[JSON_DEPTH_MAX + 1];
	unsigned depth;
	unsigned dark;		/* depth of the outermost dark container */
	bool named;		/* path names the value to come */
	bool failed;
	/* The lengths of paths, as bits: most members need no comparing. */
	uint64_t wanted;	/* of the fields */
	uint64_t opened;	/* of the containers in this text */
	struct str paths[];	/* those of the fields; absent for other */
};

/* The bit for paths of this length; from 63 on there is one for all. */
static uint64_t length_bit(size_t n)
{
	return (uint64_t)1 << (n < 63 ? n : 63);
}

static const struct json_pick_field *find_field(const struct json_pick *picker)
{
	struct str path = { picker->path, picker->path_n };

	if (!picker->named || !(picker->wanted & length_bit(path.n)))
		return NULL;
	for (size_t i = 0; i < picker->count; i++)
		if (str_eq(path, picker->paths[i]))
			return &picker->fields[i];
	return NULL;
}

static struct str *result_of(const struct json_pick *picker,
			     const struct json_pick_field *field)
{
	return (struct str *)(void *)((char *)picker->result + field->offset);
}

static int take_other(struct json_pick *picker, struct str name)
{
	struct str *value = result_of(picker, picker->other);

	if (picker->depth != 1 || find_field(picker))
		return 0;
	*value = arena_dup(picker->arena, name);
	picker->failed = !value->p;
	return picker->failed ? -1 : 0;
}

static int json_pick_key(void *ctx, struct str name)
{
	struct json_pick *picker = ctx;
	size_t n = picker->ends[picker->depth];

	picker->named = !picker->dark && name.n > 0 &&
			name.n + n + 1 < PATH_MAX_BYTES &&
			!memchr(name.p, '.', name.n);
	if (picker->named) {
		if (n > 0)
			picker->path[n++] = '.';
		memcpy(picker->path + n, name.p, name.n);
		picker->path_n = n + name.n;
	}
	return picker->other ? take_other(picker, name) : 0;
}

/* A member that comes again replaces the first, with all that was in it. */
static void forget_inside(const struct json_pick *picker)
{
	struct str path = { picker->path, picker->path_n };

	if (!picker->named || !(picker->opened & length_bit(path.n)))
		return;
	for (size_t i = 0; i < picker->count; i++) {
		struct str other = picker->paths[i];

		if (other.n > path.n && other.p[path.n] == '.' &&
		    str_has_prefix(other, path))
			*result_of(picker, &picker->fields[i]) = STR_NONE;
	}
}

static int json_pick_scalar(void *ctx, enum json_type type, struct str text)
{
	struct json_pick *picker = ctx;
	const struct json_pick_field *field = find_field(picker);
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

static int json_pick_open(void *ctx, enum json_type type)
{
	struct json_pick *picker = ctx;
	unsigned depth = ++picker->depth;

	if (depth == 1)
		return type == JSON_OBJECT ? 0 : -1;
	forget_inside(picker);
	picker->starts[depth] = find_field(picker) ?
		json_position(picker->parser) - 1 : SIZE_MAX;
	if (!picker->dark && (!picker->named || type == JSON_ARRAY))
		picker->dark = depth;
	picker->ends[depth] = picker->named ? picker->path_n : 0;
	picker->opened |= length_bit(picker->ends[depth]);
	picker->named = picker->named && type == JSON_OBJECT;
	return 0;
}

static int json_pick_close(void *ctx, enum json_type type)
{
	struct json_pick *picker = ctx;
	unsigned depth = picker->depth--;

	(void)type;
	if (depth > 1 && picker->starts[depth] != SIZE_MAX) {
		const struct json_pick_field *field;

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

static const struct json_handler json_pick_handler = {
	.scalar = json_pick_scalar,
	.key = json_pick_key,
	.open = json_pick_open,
	.close = json_pick_close,
};

struct json_pick *json_pick_new(const struct json_pick_field *fields,
				    size_t count)
{
	struct json_pick *picker = malloc(sizeof(*picker) +
				     count * sizeof(*picker->paths));

	if (!picker)
		return NULL;
	picker->fields = fields;
	picker->count = count;
	picker->wanted = 0;
	picker->other = NULL;
	for (size_t i = 0; i < count; i++) {
		picker->paths[i] = STR_NONE;
		if (strcmp(fields[i].path, JSON_PICK_OTHER) == 0) {
			picker->other = &fields[i];
			continue;
		}
		picker->paths[i] = str_of(fields[i].path);
		picker->wanted |= length_bit(picker->paths[i].n);
	}
	picker->parser = json_new(&json_pick_handler, picker);
	if (!picker->parser) {
		free(picker);
		return NULL;
	}
	return picker;
}

void json_pick_free(struct json_pick *picker)
{
	if (!picker)
		return;
	json_free(picker->parser);
	free(picker);
}

static void json_pick_error(const struct json_pick *picker, struct err *err)
{
	if (picker->failed)
		err_memory(err);
	else if (err_is(err, ERR_STOPPED))
		err_set(err, ERR_JSON, "not a JSON object");
}

/* The parser is kept for the next text, and replaced after an error. */
int json_pick_object(struct json_pick *picker, struct str text,
	      struct arena *arena, void *result, struct err *err)
{
	picker->text = text;
	picker->arena = arena;
	picker->result = result;
	picker->path_n = 0;
	picker->ends[1] = 0;
	picker->opened = 0;
	picker->depth = picker->dark = 0;
	picker->named = picker->failed = false;
	for (size_t i = 0; i < picker->count; i++)
		*result_of(picker, &picker->fields[i]) = STR_NONE;
	if (json_whole(picker->parser, text, err) == 0)
		return 0;
	json_pick_error(picker, err);
	if (json_reset(picker->parser) < 0)
		err_memory(err);
	return -1;
}

int json_pick(const struct json_pick_field *fields, size_t count,
	      struct str text, struct arena *arena, void *result,
	      struct err *err)
{
	struct json_pick *picker = json_pick_new(fields, count);
	int status;

	if (!picker)
		return err_memory(err);
	status = json_pick_object(picker, text, arena, result, err);
	json_pick_free(picker);
	return status;
}
