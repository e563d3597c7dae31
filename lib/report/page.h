/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page: a report as one HTML file.
 *
 * It needs nothing else: no network, no library, no other file.  Its policy
 * (Content-Security-Policy) allows its own style and script by their digests,
 * and nothing besides.  Without scripts it says the same.  It is less than
 * PAGE_MAX bytes, whatever the records; the same records make the same page.
 *
 * https://www.w3.org/TR/WCAG22/, level AA
 */
#ifndef S3EV_PAGE_H
#define S3EV_PAGE_H

#include <time.h>

#include "base/buf.h"
#include "base/str.h"
#include "report/report.h"

enum { PAGE_MAX = 2000000 };

struct page {
	struct report *report;	/* is sorted and condensed for the page */
	struct str title;	/* absent: "What became of 12 files" */
	time_t made;		/* when, to be told; 0: not */
};

/* Append the page. */
void page_put(struct buf *out, const struct page *page);

#endif
