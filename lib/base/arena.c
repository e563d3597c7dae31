/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum { BLOCK_SIZE = 4096 };

struct arena_block {
	struct arena_block *next;
	size_t size;
	size_t used;
	max_align_t data[];
};

void arena_init(struct arena *arena, size_t max)
{
	*arena = (struct arena){ .max = max };
}

/* Free all blocks but the oldest, which is kept for the next record. */
void arena_reset(struct arena *arena)
{
	struct arena_block *block = arena->head;

	while (block && block->next) {
		struct arena_block *next = block->next;

		arena->total -= block->size;
		free(block);
		block = next;
	}
	arena->head = block;
	if (block)
		block->used = 0;
}

void arena_free(struct arena *arena)
{
	arena_reset(arena);
	free(arena->head);
	arena_init(arena, arena->max);
}

static struct arena_block *add_block(struct arena *arena, size_t n)
{
	size_t size = n > BLOCK_SIZE ? n : BLOCK_SIZE;
	struct arena_block *block;

	if (size > arena->max - arena->total)
		return NULL;
	block = malloc(sizeof(*block) + size);
	if (!block)
		return NULL;
	*block = (struct arena_block){ .next = arena->head, .size = size };
	arena->head = block;
	arena->total += size;
	return block;
}

/* Take n bytes, aligned for any type, without clearing them. */
static void *take(struct arena *arena, size_t n)
{
	const size_t align = _Alignof(max_align_t);
	struct arena_block *block = arena->head;
	size_t need;
	void *p;

	if (n > arena->max)
		return NULL;
	need = (n + align - 1) / align * align;
	if (!block || need > block->size - block->used) {
		block = add_block(arena, need);
		if (!block)
			return NULL;
	}
	p = (char *)block->data + block->used;
	block->used += need;
	return p;
}

void *arena_alloc(struct arena *arena, size_t n)
{
	void *p = take(arena, n);

	return p ? memset(p, 0, n) : NULL;
}

struct str arena_dup(struct arena *arena, struct str s)
{
	char *p = s.n < arena->max ? take(arena, s.n + 1) : NULL;

	if (!p)
		return STR_NONE;
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return (struct str){ p, s.n };
}

struct str arena_take(struct arena *arena, struct buf *text)
{
	struct str taken = text->failed ? STR_NONE :
					  arena_dup(arena, buf_str(text));

	buf_free(text);
	return taken;
}

/*
 * Format into the free end of the newest block first.  A text that fits there,
 * as most do, is formatted only once.
 */
char *arena_printf(struct arena *arena, const char *format, ...)
{
	struct arena_block *block = arena->head;
	size_t room = block ? block->size - block->used : 0;
	char *p = block ? (char *)block->data + block->used : NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(p, room, format, args);
	va_end(args);
	if (n < 0)
		return NULL;
	p = take(arena, (size_t)n + 1);
	if (!p || (size_t)n < room)
		return p;
	va_start(args, format);
	vsnprintf(p, (size_t)n + 1, format, args);
	va_end(args);
	return p;
}
