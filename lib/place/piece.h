/* SPDX-License-Identifier: Apache-2.0 */
/*
 * piece: bytes of an object in memory, on their way to another place.
 *
 * A copy that goes through us, where the server has no CopyObject, keeps no
 * condition on it, or is not the one the object lies on, is made of pieces: the
 * whole of a small object, or one part of a large one.  Each is read pinned to
 * the version or ETag, and its bytes are the announced ones or none.  At most
 * PIECES_MAX are in memory at a time, in the whole process; others wait.
 */
#ifndef S3EV_PIECE_H
#define S3EV_PIECE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "s3/s3.h"

#define PIECE_SIZE (8ULL << 20)		/* bytes; more where parts have to be */
#define PIECE_SIZE_MAX (64ULL << 20)
enum { PIECES_MAX = 8 };

/* Those of a process; zeroed at first. */
struct pieces {
	unsigned used;
	struct piece *waiting;
};

struct piece {
	/* Set by the caller, the rest zeroed; all borrowed until freed. */
	struct s3_work work;
	struct pieces *pieces;
	struct s3_object from;
	unsigned long long offset, size;
	bool is_whole;			/* all of the object: no range is asked */
	void (*done)(void *arg);	/* from the loop, or from piece_free()
					 * of another, never from the start */
	void *arg;

	/* The result, until piece_free(). */
	struct err err;			/* is set: see s3_look.h for why */
	struct buf bytes;
	struct s3_call call;		/* its headers, and what they say */

	struct piece *next;		/* private from here on */
	bool waits, holds;
};

void piece_start(struct piece *piece);

/* Give the memory back.  It may not have begun, or be under way. */
void piece_free(struct piece *piece);

#endif
