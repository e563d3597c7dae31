/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena: memory for one record, all of it freed at once.
 *
 * What is allocated here lives until arena_reset() or arena_free(); nothing
 * is freed one by one.  The total is bounded by the ceiling given at birth.
 * Reset keeps the first block, so that a record in a steady stream costs no
 * call to malloc.
 */
#ifndef S3EV_ARENA_H
#define S3EV_ARENA_H

#include <stddef.h>

#include "base/str.h"

struct arena_block;
struct buf;

struct arena {
	struct arena_block *head;	/* owned; newest first */
	size_t total;			/* bytes in all blocks */
	size_t max;
};

void arena_init(struct arena *arena, size_t max);
void arena_reset(struct arena *arena);
void arena_free(struct arena *arena);

/* n bytes, zeroed and aligned for any type, or NULL. */
void *arena_alloc(struct arena *arena, size_t n);

/* A copy of s, followed by a NUL; an absent str if memory is out. */
struct str arena_dup(struct arena *arena, struct str s);

/*
 * The same with the text of a buffer, which is freed.  Absent also if the buffer
 * has failed: half a text is none.
 */
struct str arena_take(struct arena *arena, struct buf *text);

/* The formatted text, NUL-terminated, or NULL. */
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
