/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv: the fields of each row of a CSV file, which comes in pieces cut anywhere.
 *
 * RFC 4180 with either end of line: a field in quotes may hold commas, newlines,
 * and quotes that are doubled.  An empty line is no row.  check_csv.h looks for
 * faults in any file; this reads files that ought to be well-formed.
 */
#ifndef S3EV_CSV_H
#define S3EV_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { CSV_FIELDS_MAX = 64, CSV_ROW_MAX = 1 << 20 };

struct csv {
	/* A row; borrowed for the call.  Returns 0, or -1 to stop. */
	int (*row)(void *ctx, const struct str *fields, size_t n);
	void *ctx;

	unsigned long long rows;	/* that were complete */

	enum {
		CSV_START, CSV_PLAIN, CSV_QUOTED, CSV_QUOTE
	} state;			/* private from here on */
	struct buf text;		/* of all fields of the row */
	size_t starts[CSV_FIELDS_MAX];
	size_t n;
	bool has_cr;
};

void csv_init(struct csv *csv, int (*row)(void *ctx, const struct str *fields,
					  size_t n), void *ctx);
void csv_free(struct csv *csv);

/*
 * Read n more bytes.  -1 with "InvalidCSV" and the number of the row, or with
 * ERR_STOPPED.
 */
int csv_feed(struct csv *csv, const char *bytes, size_t n, struct err *err);

/* The file has ended; its last row may lack its newline. */
int csv_end(struct csv *csv, struct err *err);

#endif
