/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pick: the members of a JSON object that one needs, by a table.
 */
#ifndef S3EV_PICK_H
#define S3EV_PICK_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "err.h"
#include "str.h"

/*
 * One member to pick: its path from the top, names joined by dots ("s3.bucket",
 * arrays are not entered), and where its struct str lies in the result.  A
 * scalar gives its text ("true", a number as spelled, a string decoded), an
 * object or array its JSON as written; null counts as absent, and so does
 * what is no string where is_text says that it must be one.  The last of
 * several wins, as in jq.
 */
struct pick_field {
	const char *path;
	size_t offset;
	bool is_text;
};

struct pick;

/* A reusable picker of count fields; the table is borrowed. */
struct pick *pick_new(const struct pick_field *fields,
				    size_t count);
void pick_free(struct pick *picker);

/*
 * Read text, which must be one JSON object, and store what the table names in
 * result; fields that are absent become STR_NONE.  Strings are copied to
 * arena, objects and arrays point into text.
 */
int pick_object(struct pick *picker, struct str text,
	      struct arena *arena, void *result, struct err *err);

#endif
