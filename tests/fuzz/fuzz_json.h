/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_json: the content of a text as yajl's tree, to compare with. */
#ifndef S3EV_FUZZ_JSON_H
#define S3EV_FUZZ_JSON_H

#include <yajl/yajl_tree.h>

#include "fuzz.h"
#include "format/json.h"

/*
 * The tree of a text, or NULL if the text is not JSON.  Yajl takes vertical tabs
 * and form feeds for blanks.
 */
static inline yajl_val fuzz_tree(struct str text)
{
	char *copy = fuzz_cstr(text), why[256];
	yajl_val tree = strlen(copy) == text.n && !strpbrk(copy, "\v\f") ?
			yajl_tree_parse(copy, why, sizeof(why)) : NULL;

	free(copy);
	return tree;
}

/* Is the text so plain that yajl accepts no more than we do? */
static inline bool fuzz_is_plain(struct str text)
{
	size_t quotes = 0;

	for (size_t i = 0; i < text.n; i++) {
		quotes += text.p[i] == '"';
		if (text.p[i] == '\\' || (text.p[i] & 0x80))
			return false;
	}
	return quotes % 2 == 0 && text.n <= JSON_DEPTH_MAX;
}

/* Is there no escaped NUL?  The tree would cut texts off there. */
static inline bool fuzz_has_no_nul(struct str text)
{
	char *copy = fuzz_cstr(text);
	bool has = strstr(copy, "\\u0000");

	free(copy);
	return !has;
}

/* The last member of that name, as jq sees it, or NULL. */
static inline yajl_val fuzz_last(yajl_val object, const char *name)
{
	yajl_val found = NULL;

	if (!object || !YAJL_IS_OBJECT(object))
		return NULL;
	for (size_t i = 0; i < YAJL_GET_OBJECT(object)->len; i++)
		if (strcmp(YAJL_GET_OBJECT(object)->keys[i], name) == 0)
			found = YAJL_GET_OBJECT(object)->values[i];
	return found;
}

/* Is the value there, and not null? */
static inline bool fuzz_is_there(yajl_val value)
{
	return value && !YAJL_IS_NULL(value);
}

/* Is the value false, or the text "false"? */
static inline bool fuzz_is_false(yajl_val value)
{
	return value && (YAJL_IS_FALSE(value) ||
			 (YAJL_IS_STRING(value) &&
			  strcmp(YAJL_GET_STRING(value), "false") == 0));
}

#endif
