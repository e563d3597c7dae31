/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page: one answer of ListObjectsV2, ListObjects or ListObjectVersions.
 *
 * The room list finds out what is in a bucket: by asking the server, page after
 * page (listing.h), as many at once as wanted (walk.h); or by reading an
 * inventory (inventory.h).
 *
 * All text lies in the caller's arena.  Keys are decoded if the answer says that
 * they are encoded; AWS writes a blank as "+", others as "%20", and decoding as
 * forms are is right for both.
 */
#ifndef S3EV_PAGE_H
#define S3EV_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* What is absent is not known. */
struct page_entry {
	struct str key;
	struct str version;	/* "null" too */
	struct str etag;	/* bare */
	struct str modified;	/* as it was written */
	struct str class;
	unsigned long long size;
	bool has_size;
	bool is_old;		/* IsLatest is false */
	bool is_marker;		/* of a deletion: there is no object */
	bool is_decoded;	/* private */
};

/* The entries, in the order of the answer, and what is said of the next page. */
struct page {
	struct page_entry *entries;
	size_t n;
	bool is_truncated;
	bool is_versions;	/* it answers ListObjectVersions */
	bool is_v2;		/* it answers ListObjectsV2: there is a KeyCount */
	struct str token;	/* NextContinuationToken, NextKeyMarker or
				 * NextMarker */
	struct str next_version; /* NextVersionIdMarker */

	struct arena *arena;	/* private from here on */
	struct str upto;
	size_t room;
	bool is_encoded, has_truncated, in_entry, is_error,
	     is_enough;
	struct str code, message;
};

/*
 * Read a document.  What stands behind the first entry with a key above upto is
 * left out, if that is not absent: the page is then truncated.  -1 with
 * "InvalidXML", with "InvalidList" if it is something else, or with the code of
 * an Error in it, and a status as if the server had failed: such an answer is
 * worth another try.
 */
int page_read(struct page *page, struct str document, struct str upto,
	      struct arena *arena, struct err *err);

#endif
