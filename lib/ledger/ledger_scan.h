/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_scan: the items of a table, page by page.
 *
 * Query reads the history of one object, oldest first, or the index of what
 * needs attention; Scan reads the whole table, in segments that are read side by
 * side and have no order.  What is left out by a filter is read, and paid for,
 * all the same.  A page may be empty and not the last.
 *
 *	segment: wait for room and for units --> page --> items --> the next page
 *	   '-- without LastEvaluatedKey: done
 *
 * Units of capacity are kept within a rate: what a page will cost is not known
 * before, so the last one's cost is set aside, and put right by the answer.
 *
 * The caller owns the struct, zeroed before use, and frees it.
 */
#ifndef S3EV_LEDGER_SCAN_H
#define S3EV_LEDGER_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/aws.h"
#include "base/buf.h"
#include "base/err.h"
#include "io/loop.h"
#include "ledger/ddb.h"
#include "ledger/ledger_item.h"

enum { LEDGER_SEGMENTS_MAX = 1024 };

/* The name of the index, and of its partition key. */
#define LEDGER_INDEX "attention"

struct ledger_scan;

struct ledger_segment {
	unsigned number;
	bool is_active, is_done;
	struct buf after;	/* LastEvaluatedKey as JSON; empty: from the start */

	struct ledger_scan *scan;	/* private from here on */
	struct ddb_call call;
	struct arena arena;
};

struct ledger_scan {
	/* Set by the caller; all borrowed until it is over. */
	struct loop *loop;
	struct aws *aws;
	const char *table;
	struct str object;	/* "bucket/key", or absent: all */
	bool index;		/* only what is in the index */
	struct str outcome, code;	/* absent: any */
	struct str since, until;	/* of recorded: from, and before */
	bool consistent;
	unsigned n_segments;	/* of a Scan; else 1 */
	double max_units;	/* a second; 0: as many as there are */

	void (*item)(void *ctx, const struct ledger_seen *seen);
	void (*page)(void *ctx);	/* after the items of a page */
	bool (*has_room)(void *ctx);	/* else wait for ledger_scan_go_on() */
	void *ctx;

	struct err err;		/* of the first segment that could not go on */
	bool is_over;
	double units;		/* consumed so far */

	struct ledger_segment segment[LEDGER_SEGMENTS_MAX];	/* private */
	struct ledger_reader *reader;
	struct loop_timer timer;
	double next;		/* when units are there again, loop_now() */
	double estimate;	/* units of a page */
	unsigned long long items, pages;	/* so far */
};

/* Make the segments; where they go on may then be put into after. */
void ledger_scan_init(struct ledger_scan *scan);

/* Begin.  -1 with err if memory is out. */
int ledger_scan_start(struct ledger_scan *scan, struct err *err);

/* There is room again. */
void ledger_scan_go_on(struct ledger_scan *scan);

/* Stop, and free everything. */
void ledger_scan_free(struct ledger_scan *scan);

/*
 * Append what is left, as JSON: [{"segment":0,"of":4,"after":{...}},...], and
 * read it again.  -1 with "InvalidMark".
 */
void ledger_scan_put_left(struct buf *out, const struct ledger_scan *scan);

/* How many segments it is about; 0: nothing is left, or it is no such list. */
unsigned ledger_scan_left_segments(struct str left);
int ledger_scan_take_left(struct ledger_scan *scan, struct str left,
			  struct err *err);

#endif
