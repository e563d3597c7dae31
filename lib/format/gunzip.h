/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gunzip: unzip a gzip file, a block at a time.  Only gunzip calls zlib.
 *
 * A file is any number of members one after the other (RFC 1952), each with
 * its CRC.  After the last there may be zeros, any number of them: bsdtar fills
 * its last block with them.  A file that does not begin with the two bytes of
 * gzip, 1F 8B, is plain and comes out unchanged.  Bounds keep a small file from
 * becoming an endless one.
 *
 *	START --1F--> SECOND --8B--> MEMBER --end--> BETWEEN --1F--> MEMBER
 *	  | other       | other        | fault         | other  `--0--> PADDING
 *	  v             v              v               v                  | other
 *	PLAIN         PLAIN          BROKEN          BROKEN               v
 *	                                                                BROKEN
 */
#ifndef S3EV_GUNZIP_H
#define S3EV_GUNZIP_H

#include <stdbool.h>
#include <stddef.h>
#define ZLIB_CONST /* input is const */
#include <zlib.h>

#include "base/arena.h"

enum {
	GUNZIP_BLOCK = 64 << 10,
	GUNZIP_RATIO = 250,		/* output to input, at most, */
	GUNZIP_FREE = 16 << 20		/* once there is this much output */
};

struct gunzip {
	/* The next block, borrowed: from the caller's bytes or from arena. */
	const unsigned char *block;
	size_t block_n;

	/* The fault: a code, and the reason for people. */
	const char *code;
	char reason[160];

	unsigned long long in, out;	/* bytes so far */
	bool is_plain;			/* it is not gzip at all */

	enum {
		GUNZIP_START, GUNZIP_SECOND, GUNZIP_PLAIN, GUNZIP_MEMBER,
		GUNZIP_BETWEEN, GUNZIP_PADDING, GUNZIP_BROKEN
	} state;			/* private from here on */
	unsigned long long max_out;
	bool is_bounded, has_stream;
	z_stream stream;
	struct arena *arena;
	unsigned char *room;
};

/*
 * No more than max_out bytes come out; 0: no bounds.  Memory is allocated, from
 * arena and by zlib, once the file turns out to be gzip.  If memory is out, the
 * fault is "OutOfMemory".
 */
void gunzip_begin(struct gunzip *gunzip, unsigned long long max_out,
		  struct arena *arena);

/*
 * Read the next block from the *n bytes at *p; both advance over what was
 * read.  Returns 1 with a block, 0 when all bytes are read and more are needed,
 * -1 with a fault.
 */
int gunzip_next(struct gunzip *gunzip, const unsigned char **p, size_t *n);

/*
 * The file has ended.  Returns 1 with a last block (call again), 0 if the file
 * is whole, -1 with a fault.
 */
int gunzip_end(struct gunzip *gunzip);

void gunzip_free(struct gunzip *gunzip);

#endif
