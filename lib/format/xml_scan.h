/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml_scan: the elements of a long document, one after the other.
 *
 * Unlike xml.h, which picks a few elements of a small answer, this is for lists
 * of a thousand items, and for text that must come through as it is: characters
 * that XML 1.0 has not, and bytes that are no UTF-8, are in the text as the
 * server wrote them.  So text may hold any byte, also NUL.  A document type
 * declaration is refused.  Names come without their prefix, if they have one.
 */
#ifndef S3EV_XML_SCAN_H
#define S3EV_XML_SCAN_H

#include "base/err.h"
#include "base/str.h"

/*
 * Callbacks.  begin comes before all others, and again if the document turns out
 * not to be plain (xml_quick.h): then all that came since is void.  The others
 * return 0 to go on, -1 to stop; depth is 1 for the root.  text is what stands
 * between the last tag and the end of the element, which is all of its text if
 * it has no elements in it.  name and text are borrowed for the call.
 */
struct xml_scan {
	void (*begin)(void *ctx);
	int (*open)(void *ctx, struct str name, unsigned depth);
	int (*close)(void *ctx, struct str name, struct str text,
		     unsigned depth);
	void *ctx;
};

/*
 * Read the document; blanks before it are allowed.  -1 with "InvalidXML" if it
 * is not complete, with ERR_STOPPED if a callback stopped it.
 */
int xml_scan(struct str text, const struct xml_scan *scan, struct err *err);

#endif
