/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reasons: why records are not good, how many for each, and examples.
 *
 * A reason is an outcome, who decided, and the code; without a code it is the
 * text with "#" for each number, so that "line 2: 3 fields" and "line 7: 4
 * fields" are one.  The first REASONS_MAX are kept apart, all others counted
 * together.
 */
#ifndef S3EV_REASONS_H
#define S3EV_REASONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "record/record.h"

enum { REASONS_MAX = 200, REASON_EXAMPLES = 3, REASON_TEXT_MAX = 160,
       REASON_BY_MAX = 40, REASON_NAME_MAX = 200 };

/* Bytes that are kept; the rest was cut between characters. */
struct reason_text {
	char p[REASON_NAME_MAX];
	size_t n;
	bool is_cut;
};

struct reason_example {
	struct reason_text name;	/* "bucket/key" */
	struct reason_text text;	/* in the words of this record */
};

struct reason {
	enum record_outcome outcome;
	struct reason_text by, text;
	unsigned long long count;
	struct reason_example examples[REASON_EXAMPLES];	/* the first */
	bool is_dated;
	long long first, last;	/* event, in seconds since 1970 */

	uint32_t hash;		/* private */
};

struct reasons {
	struct reason list[REASONS_MAX];	/* in the order they came up */
	size_t n;
	unsigned long long others;	/* records of reasons beyond these */
};

/* Count a record that is not good.  at is the time of its event, or NULL. */
void reasons_add(struct reasons *reasons, const struct record *record,
		 enum record_outcome outcome, const long long *at);

/* Do all examples say the same? */
bool reason_is_one_text(const struct reason *reason);

/* The most frequent first; no more may be added then. */
void reasons_sort(struct reasons *reasons);

/* "bucket/key"; where an event could not be read, the name is "unknown". */
void reason_name(struct reason_text *name, const struct record *record);

/* What a record says of why it is not good: who, a code, words. */
struct reason_of {
	struct str by, code, text;
};
struct reason_of reason_of(const struct record *record,
			   enum record_outcome outcome);

#endif
