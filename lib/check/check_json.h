/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_json: is it JSON (RFC 8259): one value, or with NDJSON one on each
 * line?
 *
 * No value is kept, so a string may have any length; the parser of json.h must
 * limit it.  Only strings may hold characters that are not ASCII, and they must
 * be UTF-8.  An escaped lone surrogate is no fault: the grammar allows it.
 */
#ifndef S3EV_CHECK_JSON_H
#define S3EV_CHECK_JSON_H

#include <stdbool.h>

#include "base/text.h"

enum { CHECK_JSON_DEPTH = 10000 };

struct check_json {
	bool by_lines;		/* one value a line, as NDJSON has it */
	unsigned char state;
	bool is_name;		/* the string is a member's name */
	unsigned char hex;	/* digits of \uXXXX that are to come */
	const char *literal;	/* what must follow of true, false, null */
	const char *fault;
	struct text_utf8 utf8;
	unsigned depth;
	unsigned char objects[CHECK_JSON_DEPTH / 8 + 1]; /* a bit a level */
};

struct check_functions;
extern const struct check_functions check_json, check_ndjson;

#endif
