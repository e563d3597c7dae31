/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_quick: the tokens of JSON that is plain.
 *
 * Most texts are complete objects of ASCII, with no escapes but those of one
 * letter, as in the text of a document within another.  These are read here in a
 * fraction of yajl's time.  What is not so plain, cut off or wrong is not
 * taken, and left for yajl to read or to refuse: everything that is taken, yajl
 * would take too, and find the same tokens in it.
 */
#ifndef S3EV_JSON_QUICK_H
#define S3EV_JSON_QUICK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"
#include "format/json.h"

enum { JSON_QUICK_TOKENS = 512, JSON_QUICK_DEPTH = 32 };

struct json_token {
	struct str text;	/* borrowed; without quotes, else as it stands */
	const char *end;	/* behind the token */
	enum json_type type;
	enum { JSON_SCALAR, JSON_KEY, JSON_OPEN, JSON_CLOSE } kind;
	bool is_escaped;	/* text has escapes */
};

struct json_quick {
	size_t count;
	struct json_token tokens[JSON_QUICK_TOKENS];
};

/*
 * Read the object or array that begins with the first byte of text.  Returns how
 * many bytes it has, or 0 if it is not taken.
 */
size_t json_quick_read(struct json_quick *quick, struct str text);

/*
 * The text of a token without escapes.  It is borrowed from the token, or from
 * room; absent if memory is out.
 */
struct str json_quick_text(const struct json_token *token, struct buf *room);

/* How many bytes of blanks text begins with. */
size_t json_quick_blanks(struct str text);

#endif
