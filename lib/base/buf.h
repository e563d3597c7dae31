/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf: bytes that grow, up to a ceiling that is set when the buffer is made.
 *
 * Errors are sticky: once an append would pass the ceiling or memory runs
 * out, failed is set and every later append does nothing.  So a caller builds
 * a whole text and tests failed once, at the end.  The bytes belong to the
 * buffer; pointers into them are valid until the next append.
 */
#ifndef S3EV_BUF_H
#define S3EV_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct buf {
	char *p;	/* owned */
	size_t n;	/* bytes used */
	size_t size;	/* bytes allocated */
	size_t max;	/* ceiling of n */
	bool failed;
};

/* An empty buffer that allocates on first use. */
void buf_init(struct buf *buf, size_t max);

/* Free the bytes.  The buffer is empty again and may be used. */
void buf_free(struct buf *buf);

/* Forget content and failure, keep the memory. */
void buf_reset(struct buf *buf);

void buf_put(struct buf *buf, const void *bytes, size_t n);
void buf_putc(struct buf *buf, char c);
void buf_puts(struct buf *buf, const char *s);
void buf_put_str(struct buf *buf, struct str s);
void buf_printf(struct buf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Remove the first n bytes. */
void buf_consume(struct buf *buf, size_t n);

/*
 * Make room for n more bytes and return where they go, or NULL; the caller
 * then adds what it wrote to buf->n.
 */
static inline char *buf_room(struct buf *buf, size_t n);

/* The content followed by a NUL (not counted in n), or NULL if failed. */
const char *buf_cstr(struct buf *buf);

/* The content as borrowed text. */
struct str buf_str(const struct buf *buf);

/* Allocate more.  For buf_room() only, which callers use instead. */
char *buf_grow(struct buf *buf, size_t n);

static inline char *buf_room(struct buf *buf, size_t n)
{
	if (buf->failed || n >= buf->size - buf->n || n > buf->max - buf->n)
		return buf_grow(buf, n);
	return buf->p + buf->n;
}

#endif
