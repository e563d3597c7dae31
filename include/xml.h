/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml: the text of elements, from the small documents that S3 and STS answer
 * with, read with expat.
 *
 * Namespaces are not looked at.  A document type declaration is refused: no
 * AWS service sends one, and entities are how XML attacks its reader.
 */
#ifndef S3EV_XML_H
#define S3EV_XML_H

#include <stddef.h>

#include "arena.h"
#include "err.h"
#include "str.h"

/*
 * One element to read: its path from the root, names joined by slashes
 * ("Error/Code"), and where its struct str lies in the result.  Only the first
 * element with that path is read.  A path to an element that has elements in
 * it gives the text between them.
 */
struct xml_field {
	const char *path;
	size_t offset;
};

/*
 * Read the document; blanks before it are allowed (S3 sends them to keep a
 * connection alive).  Text is copied to arena; absent elements become
 * STR_NONE.  root, if not NULL, is set to the name of the root element.
 * Returns -1 with "InvalidXML" when it is no complete document.
 */
int xml_pick(struct str text, const struct xml_field *fields, size_t count,
	     struct arena *arena, void *result, struct str *root,
	     struct err *err);

/* Elements of one path that come again and again, "Tagging/TagSet/Tag". */
struct xml_list {
	const char *item;
	const struct xml_field *fields;	/* in them, paths from the root */
	size_t count;
	void (*each)(void *ctx);	/* the result holds another one */
	void *ctx;
};

/* As xml_pick() for each of them in turn; result is theirs in turn. */
int xml_each(struct str text, const struct xml_list *list, struct arena *arena,
	     void *result, struct err *err);

#endif
