/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml: the text of elements in the small documents that S3 and STS send as
 * answers, read with expat.
 *
 * Namespaces are ignored.  A document type declaration is refused: no AWS
 * service sends one, and entities are how XML attacks its reader.  All text in
 * a result lies in the caller's arena.
 */
#ifndef S3EV_XML_H
#define S3EV_XML_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * One element to read: its path from the root, names joined by slashes
 * ("Error/Code"; "*" is any root), and where its struct str lies in the result.  Only the first
 * element with that path is read.  If it contains other elements, the text
 * between them is read.
 */
struct xml_field {
	const char *path;
	size_t offset;
};

/*
 * Read the document; blanks before it are allowed (S3 sends them to keep a
 * connection alive).  Characters that XML 1.0 does not have, as servers echo
 * them in keys, are read as "?".  Text is copied to arena; absent elements become
 * STR_NONE.  root, if not NULL, is set to the name of the root element.
 * Returns -1 with "InvalidXML" if text is not a complete document.
 */
int xml_pick(struct str text, const struct xml_field *fields, size_t count,
	     struct arena *arena, void *result, struct str *root,
	     struct err *err);

/* Repeated elements of one path, such as "Tagging/TagSet/Tag". */
struct xml_list {
	const char *item;
	const struct xml_field *fields;	/* in each; paths from the root */
	size_t count;
	void (*each)(void *ctx);	/* called with one in the result */
	void *ctx;
};

/* As xml_pick() for each item: result is filled, then each() is called. */
int xml_each(struct str text, const struct xml_list *list, struct arena *arena,
	     void *result, struct err *err);

#endif
