/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_pick: copy chosen members of a JSON object into a struct, by a table.
 *
 * The caller owns the table and the result; strings lie in an arena.
 */
#ifndef S3EV_JSON_PICK_H
#define S3EV_JSON_PICK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * One member to pick: its path from the top, names joined by dots ("s3.bucket",
 * arrays are not entered), and where its struct str lies in the result.  A
 * scalar gives its text ("true", a number as spelled, a string decoded), an
 * object or array its JSON as written.  null counts as absent.  If is_text, a
 * value that is not a string counts as absent, too.  The last of several
 * members with the same path wins, as in jq.
 *
 * A field with the path JSON_PICK_OTHER gets the name of a member of the object
 * itself that no other field names, whatever its value is.
 */
#define JSON_PICK_OTHER "*"

struct json_pick_field {
	const char *path;
	size_t offset;
	bool is_text;
};

struct json_pick;

/* A reusable picker of count fields; the table is borrowed. */
struct json_pick *json_pick_new(const struct json_pick_field *fields,
				    size_t count);
void json_pick_free(struct json_pick *picker);

/*
 * Read text, which must be one JSON object, and store the members of the table
 * in result; absent ones become STR_NONE.  Strings are copied to arena, objects
 * and arrays point into text.
 */
int json_pick_object(struct json_pick *picker, struct str text,
	      struct arena *arena, void *result, struct err *err);

/* The same once, without a picker to keep. */
int json_pick(const struct json_pick_field *fields, size_t count,
	      struct str text, struct arena *arena, void *result,
	      struct err *err);

#endif
