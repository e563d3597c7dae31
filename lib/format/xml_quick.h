/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml_quick: the elements of a document that is plain, for xml_scan.h.
 *
 * Lists of objects are elements and text, with a reference here and there, and
 * no attribute but xmlns.  These are read here in a fraction of expat's time.
 * What is not so plain, cut off or wrong is not taken, and left for expat to
 * read or to refuse: everything that is taken, expat would take too, and find
 * the same elements in it.
 */
#ifndef S3EV_XML_QUICK_H
#define S3EV_XML_QUICK_H

#include "base/str.h"
#include "format/xml_scan.h"

enum { XML_QUICK_DEPTH = 16 };

enum xml_quick {
	XML_QUICK_TAKEN,	/* and read to its end */
	XML_QUICK_STOPPED,	/* by a callback */
	XML_QUICK_LEFT		/* after some callbacks, maybe */
};

/*
 * Read a document that begins with its first tag, and has no character that
 * XML 1.0 has not, nor a byte that is no UTF-8.
 */
enum xml_quick xml_quick(struct str document, const struct xml_scan *scan);

#endif
