/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_csv: is it CSV (RFC 4180), with the same number of fields in each row?
 *
 * Rows end with LF or CRLF, the last may end with the data; a byte order mark
 * may come first.  The delimiter is a comma, another byte, or one of four that
 * the first row shows (CHECK_DELIMITER_AUTO): the most frequent outside quotes,
 * or the one that makes the number of columns asked for.  Unless the delimiter
 * is just the comma, a first line "sep=;" as Excel writes it is no row; it says
 * which delimiter it is, and is taken for a row if another one was given.
 */
#ifndef S3EV_CHECK_CSV_H
#define S3EV_CHECK_CSV_H

#include <stdbool.h>

#include "base/text.h"

enum { CHECK_CSV_CANDIDATES = 4 };

struct check_csv {
	unsigned char state;
	unsigned char delimiter;	/* 0: not yet known */
	bool is_told;			/* it is not just the comma: name it */
	bool is_first;			/* the first row, and it may tell */
	unsigned char head[5];		/* how that begins: "sep=;" */
	unsigned char head_n;		/* its length, at most one more */
	unsigned long long counts[CHECK_CSV_CANDIDATES]; /* of delimiters */
	unsigned long long width;	/* fields in each row, 0: not known */
	bool is_given;			/* the user has set width */
	unsigned long long delimiters;	/* in this row, so far */
	struct text_place row, quote;	/* where they begin, if in an earlier */
	long long row_at, quote_at;	/* piece; else their offsets in this */
};

/* May it separate fields?  Any ASCII but quote, CR, LF and NUL. */
bool check_csv_may_delimit(int byte);

struct check_functions;
extern const struct check_functions check_csv;

#endif
