/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report: what became of many records, in bounded memory.
 *
 * Everything is counted; what is listed, is listed as long as there is room:
 * bad and failed files each up to REPORT_LIST_MAX bytes of the page.  page.h
 * writes the page.
 */
#ifndef S3EV_REPORT_H
#define S3EV_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "record/record.h"
#include "report/reasons.h"
#include "report/timeline.h"
#include "stat/histogram.h"

enum { REPORT_TOP = 10, REPORT_LIST_MAX = 600 << 10 };

/* One of the largest or the slowest. */
struct report_top {
	unsigned long long value;	/* bytes or ms */
	enum record_outcome outcome;
	struct reason_text name;
};

struct report_tops {
	struct report_top list[REPORT_TOP];	/* the largest first */
	size_t n;
};

/* Rows of the table of files, as HTML. */
struct report_list {
	struct buf rows;
	unsigned long long listed, left_out;
};

struct report {
	unsigned long long outcomes[RECORD_FAILED + 1];
	unsigned long long bytes;	/* announced sizes */
	unsigned long long folders;	/* markers, among the good ones */
	unsigned long long already;	/* copies that had been there */
	unsigned long long undated;	/* records without a time */
	unsigned long long refused;	/* lines that were no records */
	long long oldest, newest;	/* events, seconds since 1970 */
	struct timeline timeline;
	struct reasons reasons;
	struct report_tops largest, slowest;
	struct report_list bad, failed;
	struct histogram lag;		/* seconds */
	bool has_lag;

	struct record_reader *reader;	/* private from here on */
	struct arena arena;
};

/* NULL if memory is out. */
struct report *report_new(void);
void report_free(struct report *report);

/*
 * Count one line: a record, or a mark, which is passed over.  now is when the
 * record came, in ms since 1970, from which the lag is made; 0: not to be told.
 * -1 with "InvalidRecord", or "OutOfMemory", if it is none.
 */
int report_add(struct report *report, struct str line, uint64_t now,
	       struct err *err);

#endif
