/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows: -v on a terminal: a heading, and a row in columns for each record.
 *
 *	outcome        bytes       time  object
 *	good         1234567      12 ms  in/a.csv: processed/in/a.csv
 *
 * The outcome has a colour, unless NO_COLOR is set (no-color.org) or TERM is
 * "dumb".  Where there is no room for all columns, bytes and time are left out.
 */
#ifndef S3EV_ROWS_H
#define S3EV_ROWS_H

#include <stdbool.h>

#include "base/str.h"
#include "record/record.h"

enum { ROWS_NARROW = 72 };	/* columns of a terminal that has too few */

struct rows {
	bool has_colour;	/* all private */
	bool has_heading;
	int fd;
};

struct rows_row {
	enum record_outcome outcome;
	struct str size;		/* bytes, or absent */
	unsigned long long ms;
	struct str text;		/* the rest of the row */
};

/* fd is the terminal, from which the width is learnt. */
void rows_init(struct rows *rows, int fd);

/* Show a row, and before the first one the heading. */
void rows_show(struct rows *rows, const char *who, const struct rows_row *row);

/* The columns of the terminal; 80 if it does not say. */
int rows_width(int fd);

#endif
