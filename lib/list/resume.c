/* SPDX-License-Identifier: Apache-2.0 */
#include "list/resume.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#include "format/json.h"
#include "format/json_pick.h"
#include "format/json_write.h"
#include "io/lines.h"

enum { LINE_MAX_BYTES = 8 << 20, ARENA_MAX = 32 << 20 };

static const struct json_pick_field mark_fields[] = {
	{ "mark", offsetof(struct resume, mark), true },
	{ "list", offsetof(struct resume, list), true },
	{ "left", offsetof(struct resume, left), false },
};

void resume_put(struct buf *out, struct str list, struct str key,
		const struct walk *walk, const unsigned long long *total)
{
	buf_putc(out, '{');
	json_member(out, "mark", key.p ? key : STR(""));
	json_member(out, "list", list);
	if (total)
		buf_printf(out, ",\"total\":%llu", *total);
	if (walk) {
		buf_puts(out, ",\"left\":");
		walk_put_left(walk, out);
	}
	buf_puts(out, "}\n");
}

/* Records come between, and marks of others. */
static int read_mark(struct buf *last, struct resume *resume, struct err *err)
{
	struct str line;

	if (!buf_cstr(last))
		return err_memory(err);
	/* What is not decoded is borrowed from the text. */
	line = arena_dup(&resume->arena, buf_str(last));
	if (!line.p)
		return err_memory(err);
	return json_pick(mark_fields,
			 sizeof(mark_fields) / sizeof(*mark_fields), line,
			 &resume->arena, resume, err);
}

static bool is_mark(struct str line)
{
	return str_has_prefix(line, STR("{\"mark\":\"")) &&
	       str_contains(line, "\"list\":");
}

static int find_last(int fd, struct buf *last)
{
	struct lines lines;
	struct str line;
	int status = 0;

	lines_init(&lines, LINE_MAX_BYTES);
	while (status == 0 && !lines.ended) {
		enum lines_what what;

		status = lines_read(&lines, fd);
		while (status == 0 &&
		       (what = lines_next(&lines, &line)) != LINES_NONE &&
		       what != LINES_CUT_OFF)
			if (what == LINES_LINE && is_mark(line)) {
				buf_reset(last);
				buf_put_str(last, line);
			}
	}
	lines_free(&lines);
	return status;
}

int resume_load(struct resume *resume, const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), status;
	struct buf last;

	*resume = (struct resume){ .mark = STR_NONE };
	arena_init(&resume->arena, ARENA_MAX);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_errno(err, "%s", path);
	buf_init(&last, LINE_MAX_BYTES + 1);
	status = find_last(fd, &last);
	if (status < 0)
		err_errno(err, "%s", path);
	else if (last.n > 0)
		status = read_mark(&last, resume, err);
	buf_free(&last);
	close(fd);
	return status;
}

void resume_free(struct resume *resume)
{
	arena_free(&resume->arena);
}

/* [["after","upto"],["after"]] */

struct left_reader {
	struct walk *walk;
	struct arena *arena;
	unsigned depth, n;
	struct str keys[2];
};

static int on_open(void *ctx, enum json_type type)
{
	struct left_reader *r = ctx;

	r->n = 0;
	return type == JSON_ARRAY && ++r->depth <= 2 ? 0 : -1;
}

static int on_key(void *ctx, struct str text)
{
	(void)ctx;
	(void)text;
	return -1;
}

static int on_scalar(void *ctx, enum json_type type, struct str text)
{
	struct left_reader *r = ctx;

	if (type != JSON_STRING || r->depth != 2 || r->n == 2)
		return -1;
	r->keys[r->n] = arena_dup(r->arena, text);
	return r->keys[r->n++].p ? 0 : -1;
}

static int on_close(void *ctx, enum json_type type)
{
	struct left_reader *r = ctx;

	(void)type;
	if (r->depth-- == 1)
		return 0;
	if (r->n == 0)
		return -1;
	walk_add(r->walk, r->keys[0], r->n == 2 ? r->keys[1] : STR_NONE);
	return 0;
}

int resume_walk(const struct resume *resume, struct walk *walk,
		struct err *err)
{
	static const struct json_handler handler = {
		on_scalar, on_key, on_open, on_close
	};
	struct arena arena;
	struct left_reader r = { .walk = walk, .arena = &arena };
	struct json_parser *parser = json_new(&handler, &r);
	int status = parser ? 0 : err_memory(err);

	arena_init(&arena, ARENA_MAX);
	walk_clear(walk);
	if (status == 0 && json_whole(parser, resume->left, err) < 0)
		status = err_set(err, "InvalidMark", "left is no list of pairs "
				 "of keys: %.*s", STR_FMT(resume->left));
	json_free(parser);
	arena_free(&arena);
	return status;
}
