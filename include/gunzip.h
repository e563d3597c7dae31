/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gunzip: what is in a gzip file, a block at a time.  Only gunzip knows zlib.
 *
 * A file is any number of members one after the other (RFC 1952), each with
 * its CRC, and nothing behind them.  What does not begin with the two bytes of
 * gzip, 1F 8B, is plain and comes out as it is.  Bounds keep a small file from
 * becoming an endless one.
 */
#ifndef S3EV_GUNZIP_H
#define S3EV_GUNZIP_H

#include <stdbool.h>
#include <stddef.h>
#define ZLIB_CONST /* input is const */
#include <zlib.h>

#include "arena.h"

enum {
	GUNZIP_BLOCK = 64 << 10,
	GUNZIP_RATIO = 250,		/* output to input, at most, */
	GUNZIP_FREE = 16 << 20		/* once there is so much output */
};

struct gunzip {
	/* The next block: of memory that is the caller's or gunzip's. */
	const unsigned char *block;
	size_t block_n;

	/* The fault: what is wrong, in a word and in words. */
	const char *code;
	char reason[160];

	unsigned long long in, out;	/* bytes so far */
	bool is_plain;			/* it is not gzip at all */

	enum {
		GUNZIP_START, GUNZIP_SECOND, GUNZIP_PLAIN, GUNZIP_MEMBER,
		GUNZIP_BETWEEN, GUNZIP_BROKEN
	} state;			/* private from here on */
	unsigned long long max_out;
	bool is_bounded, has_stream;
	z_stream stream;
	struct arena *arena;
	unsigned char *room;
};

/*
 * No more than max_out bytes come out; 0: no bounds.  Memory is taken, from
 * arena and by zlib, when it turns out to be gzip; if there is none, that is a
 * fault called "OutOfMemory".
 */
void gunzip_begin(struct gunzip *gunzip, unsigned long long max_out,
		  struct arena *arena);

/*
 * Take what the next block needs from the *n bytes at *p, which move on.
 * Returns 1 with a block, 0 when all is taken and more is wanted, -1 with a
 * fault.
 */
int gunzip_next(struct gunzip *gunzip, const unsigned char **p, size_t *n);

/* There is no more: 1 with a last block (call again), 0, or -1. */
int gunzip_end(struct gunzip *gunzip);

void gunzip_free(struct gunzip *gunzip);

#endif
