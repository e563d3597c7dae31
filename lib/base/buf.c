/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *buf, size_t max)
{
	*buf = (struct buf){ .max = max };
}

void buf_free(struct buf *buf)
{
	free(buf->p);
	buf_init(buf, buf->max);
}

void buf_reset(struct buf *buf)
{
	buf->n = 0;
	buf->failed = false;
}

/* Keep one byte more than asked for: buf_cstr() writes its NUL there. */
char *buf_grow(struct buf *buf, size_t n)
{
	size_t size = buf->size;
	char *p;

	if (buf->failed || n > buf->max - buf->n) {
		buf->failed = true;
		return NULL;
	}
	if (n < size - buf->n)
		return buf->p + buf->n;
	if (size == 0)
		size = 128;
	while (size - buf->n <= n)
		size *= 2;
	p = realloc(buf->p, size);
	if (!p) {
		buf->failed = true;
		return NULL;
	}
	buf->p = p;
	buf->size = size;
	return buf->p + buf->n;
}

void buf_put(struct buf *buf, const void *bytes, size_t n)
{
	char *room = buf_room(buf, n);

	if (!room || n == 0)
		return;
	memcpy(room, bytes, n);
	buf->n += n;
}

void buf_putc(struct buf *buf, char c)
{
	buf_put(buf, &c, 1);
}

void buf_puts(struct buf *buf, const char *s)
{
	buf_put(buf, s, strlen(s));
}

void buf_put_str(struct buf *buf, struct str s)
{
	buf_put(buf, s.p, s.n);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	char *room;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0) {
		buf->failed = true;
		return;
	}
	room = buf_room(buf, (size_t)n);
	if (!room)
		return;
	va_start(args, format);
	vsnprintf(room, (size_t)n + 1, format, args);
	va_end(args);
	buf->n += (size_t)n;
}

void buf_consume(struct buf *buf, size_t n)
{
	buf->n -= n;
	if (buf->n > 0)
		memmove(buf->p, buf->p + n, buf->n);
}

const char *buf_cstr(struct buf *buf)
{
	if (!buf_room(buf, 0))
		return NULL;
	buf->p[buf->n] = '\0';
	return buf->p;
}

struct str buf_str(const struct buf *buf)
{
	return (struct str){ buf->p ? buf->p : "", buf->n };
}
