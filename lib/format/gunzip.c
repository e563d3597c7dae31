/* SPDX-License-Identifier: Apache-2.0 */
#include "format/gunzip.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

static const unsigned char magic[] = { 0x1F, 0x8B };

void gunzip_begin(struct gunzip *g, unsigned long long max_out,
		  struct arena *arena)
{
	memset(g, 0, sizeof(*g));
	g->max_out = max_out;
	g->is_bounded = max_out > 0;
	g->arena = arena;
}

void gunzip_free(struct gunzip *g)
{
	if (g->has_stream)
		inflateEnd(&g->stream);
	g->has_stream = false;
}

__attribute__((format(printf, 3, 4)))
static int fail(struct gunzip *g, const char *code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(g->reason, sizeof(g->reason), format, args);
	va_end(args);
	g->code = code;
	g->state = GUNZIP_BROKEN;
	return -1;
}

/* Inflating */

/* Tell a wrong trailer from other faults, by zlib's messages. */
static const char *code_of(const char *said)
{
	if (strcmp(said, "incorrect data check") == 0)
		return "WrongCRC";
	if (strcmp(said, "incorrect length check") == 0)
		return "WrongLength";
	return "InvalidGzip";
}

static void break_off(struct gunzip *g, int status)
{
	const char *said = g->stream.msg ? g->stream.msg : "not gzip";

	if (status == Z_MEM_ERROR)
		fail(g, ERR_MEMORY, "out of memory");
	else
		fail(g, code_of(said), "invalid gzip: %s", said);
}

/*
 * A block ends at a multiple of its size, or one byte past the bound: that byte
 * shows that the bound is exceeded.
 */
static uInt room_left(const struct gunzip *g)
{
	unsigned long long left = GUNZIP_BLOCK - g->out % GUNZIP_BLOCK;

	if (g->is_bounded && left > g->max_out + 1 - g->out)
		left = g->max_out + 1 - g->out;
	return (uInt)left;
}

static void check_bounds(struct gunzip *g)
{
	if (g->out > g->max_out) {
		g->out = g->max_out;
		g->block_n--;
		fail(g, "UnzippedTooLarge",
		     "more than %llu bytes when unzipped", g->max_out);
	} else if (g->out > GUNZIP_FREE && g->out % GUNZIP_BLOCK == 0 &&
		   g->out / GUNZIP_RATIO > g->in) {
		fail(g, "ZipBomb", "%llu bytes of gzip become %llu, more than "
		     "%d times as many", g->in, g->out, GUNZIP_RATIO);
	}
}

/*
 * Inflate into the block.  Bytes that come before a fault are returned first,
 * as a block of their own; the next call returns the fault.
 */
static int inflate_block(struct gunzip *g, const unsigned char **p, size_t *n)
{
	z_stream *z = &g->stream;
	uInt given = *n > 1u << 30 ? 1u << 30 : (uInt)*n;
	uInt room;
	int status;

	z->next_in = *p;
	z->avail_in = given;
	z->next_out = g->room;
	z->avail_out = room = room_left(g);
	status = inflate(z, Z_NO_FLUSH);
	*p += given - z->avail_in;
	*n -= given - z->avail_in;
	g->in += given - z->avail_in;
	g->block = g->room;
	g->block_n = room - z->avail_out;
	g->out += g->block_n;
	if (status == Z_STREAM_END)
		g->state = GUNZIP_BETWEEN;
	else if (status != Z_OK && status != Z_BUF_ERROR)
		break_off(g, status);
	if (g->state != GUNZIP_BROKEN && g->is_bounded)
		check_bounds(g);
	return g->block_n > 0;
}

/* Gzip or plain? */

static int be_plain(struct gunzip *g)
{
	g->state = GUNZIP_PLAIN;
	g->is_plain = true;
	return 0;
}

static int take_first(struct gunzip *g, const unsigned char **p, size_t *n)
{
	if (**p != magic[0])
		return be_plain(g);
	g->state = GUNZIP_SECOND;
	++*p;
	--*n;
	return 0;
}

static int begin_stream(struct gunzip *g)
{
	g->room = arena_alloc(g->arena, GUNZIP_BLOCK);
	g->has_stream = g->room &&
			inflateInit2(&g->stream, 16 + MAX_WBITS) == Z_OK;
	if (!g->has_stream)
		return fail(g, ERR_MEMORY, "out of memory");
	g->state = GUNZIP_MEMBER;
	return 0;
}

/* The first byte is gone from the input: return it, or pass it to zlib. */
static int take_second(struct gunzip *g, const unsigned char **p)
{
	const unsigned char *first = magic;
	size_t one = 1;

	if (**p != magic[1]) {
		be_plain(g);
		g->block = magic;
		g->block_n = 1;
		g->in = g->out = 1;
		return 1;
	}
	return begin_stream(g) < 0 ? -1 : inflate_block(g, &first, &one);
}

static int take_plain(struct gunzip *g, const unsigned char **p, size_t *n)
{
	g->block = *p;
	g->block_n = *n;
	g->in += *n;
	g->out += *n;
	*p += *n;
	*n = 0;
	return 1;
}

static int trailing_garbage(struct gunzip *g)
{
	return fail(g, "TrailingGarbage",
		    "data that is not gzip follows the gzip data");
}

static int take_member(struct gunzip *g, unsigned char c)
{
	if (c == 0) {
		g->state = GUNZIP_PADDING;
		return 0;
	}
	if (c != magic[0])
		return trailing_garbage(g);
	inflateReset(&g->stream);
	g->state = GUNZIP_MEMBER;
	return 0;
}

static int take_padding(struct gunzip *g, const unsigned char **p, size_t *n)
{
	size_t zeros = 0;

	while (zeros < *n && (*p)[zeros] == 0)
		zeros++;
	*p += zeros;
	*n -= zeros;
	g->in += zeros;
	return *n > 0 ? trailing_garbage(g) : 0;
}

int gunzip_next(struct gunzip *g, const unsigned char **p, size_t *n)
{
	int status = 0;

	while (status == 0) {
		/* zlib may hold output when all input is taken. */
		if (*n == 0 && g->state != GUNZIP_MEMBER &&
		    g->state != GUNZIP_BROKEN)
			return 0;
		switch (g->state) {
		case GUNZIP_START:
			status = take_first(g, p, n);
			break;
		case GUNZIP_SECOND:
			status = take_second(g, p);
			break;
		case GUNZIP_PLAIN:
			return take_plain(g, p, n);
		case GUNZIP_BETWEEN:
			status = take_member(g, **p);
			break;
		case GUNZIP_PADDING:
			status = take_padding(g, p, n);
			break;
		case GUNZIP_BROKEN:
			return -1;
		case GUNZIP_MEMBER:
			status = inflate_block(g, p, n);
			if (status == 0 && *n == 0 && g->state == GUNZIP_MEMBER)
				return 0;
			break;
		}
	}
	return status;
}

int gunzip_end(struct gunzip *g)
{
	switch (g->state) {
	case GUNZIP_START:
	case GUNZIP_PLAIN:
		g->is_plain = true;
		return 0;
	case GUNZIP_SECOND:
		be_plain(g);
		g->block = magic;
		g->block_n = 1;
		return 1;
	case GUNZIP_BETWEEN:
	case GUNZIP_PADDING:
		return 0;
	case GUNZIP_BROKEN:
		return -1;
	case GUNZIP_MEMBER:
		break;
	}
	return fail(g, "TruncatedGzip", "the gzip is cut off");
}
