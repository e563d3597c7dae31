/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resume: where an interrupted listing goes on.
 *
 * After each page a mark says what is out, and what is left of which list:
 *
 *	{"mark":"in/7.csv","list":"s3://bucket/in/","left":[["in/7.csv"]]}
 *
 * One that stands before the first page may also have the number of all records
 * that come behind it:
 *
 *	{"mark":"","list":"s3://bucket/in/","total":1234,"left":[[""]]}
 *
 * Every object up to the key in mark is out; left has the ranges that are not,
 * each behind one key and up to another, or to the end.  When the mark comes out
 * of a pipeline, the records before it are finished.
 */
#ifndef S3EV_RESUME_H
#define S3EV_RESUME_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "list/walk.h"

/* The last mark of a file; all absent if there is none. */
struct resume {
	struct str mark;	/* a key */
	struct str list;	/* "s3://bucket/prefix", as it was asked for */
	struct str left;	/* JSON, absent for an inventory */

	struct arena arena;	/* private */
};

/*
 * Append a mark; without walk it is one of an inventory, whose file called key
 * is read.  total is NULL if it is not told.
 */
void resume_put(struct buf *out, struct str list, struct str key,
		const struct walk *walk, const unsigned long long *total);

/*
 * Read a file of marks, among which may be other lines; a last line without its
 * newline does not count.  A file that is not there has no mark.  -1 with err if
 * it cannot be read.
 */
int resume_load(struct resume *resume, const char *path, struct err *err);
void resume_free(struct resume *resume);

/* Make walk begin with what is left.  -1 with "InvalidMark". */
int resume_walk(const struct resume *resume, struct walk *walk,
		struct err *err);

#endif
