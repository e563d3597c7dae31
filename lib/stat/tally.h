/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tally: what became of records, counted.
 *
 * The codes of bad, gone and failed records are labels of a metric.  Whoever
 * writes a processor can make up codes, and each costs memory wherever metrics
 * are kept: so only the first TALLY_CODES_MAX count one by one, if they are
 * words of letters, digits and ". _ -"; all others are "other", and what has
 * no code is "none".  Pure; a struct tally owns nothing and may be copied.
 */
#ifndef S3EV_TALLY_H
#define S3EV_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "record/record.h"
#include "stat/histogram.h"
#include "stat/metrics.h"
#include "stat/spread.h"

enum { TALLY_CODES_MAX = 40, TALLY_CODE_SIZE = 65 };

struct tally_code {
	char code[TALLY_CODE_SIZE];
	enum record_outcome outcome;
	unsigned long long count;
};

struct tally {
	unsigned long long records[RECORD_FAILED + 1];	/* by outcome, */
	unsigned long long bytes[RECORD_FAILED + 1];	/* their sizes, and */
	unsigned long long others[RECORD_FAILED + 1];	/* codes left out */
	struct tally_code codes[TALLY_CODES_MAX];
	size_t n_codes;
	struct histogram check;		/* seconds that s3check took */
	struct histogram lag;		/* seconds from event to here */
	struct spread check_spread, lag_spread;		/* the same, for EMF */
	double newest;			/* event, in seconds since 1970; 0: none */
	double started;			/* the same of tally_init() */
};

/* now is in ms since 1970. */
void tally_init(struct tally *tally, uint64_t now);

/* Count a record.  An event from the future has happened now. */
void tally_add(struct tally *tally, const struct record *record,
	       enum record_outcome outcome, uint64_t now);

/* Add s3ev_records_total and the rest.  They borrow from tally. */
void tally_put(struct metrics *metrics, const struct tally *tally);

/*
 * Append a member for a line of emf.h, "codes":{"bad":{"InvalidUTF8":2},...},
 * of what tally has more than before.
 */
void tally_put_codes(struct buf *out, const struct tally *tally,
		     const struct tally *before);

#endif
