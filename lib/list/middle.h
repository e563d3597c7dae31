/* SPDX-License-Identifier: Apache-2.0 */
/*
 * middle: keys between two keys, guessed so that what lies between is divided.
 *
 * Keys are dates, UUIDs, numbers, names.  While nobody knows how far they go, a
 * guess keeps the beginning of the lower key, up to some place, and puts another
 * character of the same kind there: behind "2025/03/17/5e..." come "2025/04",
 * "2025/1", "2025/03/2", and "2025/03/17/8".  Between two keys that are near each
 * other, keys are taken for numbers, whose digits are what was seen at each place:
 * between "order-0101000" and "order-02" lie "order-011", "order-012" and so on.
 * Any guess is right; a good one saves requests.  Pure.
 */
#ifndef S3EV_MIDDLE_H
#define S3EV_MIDDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { MIDDLE_MAX = 1024, MIDDLE_END = 12, MIDDLE_PLACES = 64 };

/* Which characters of ASCII keys were seen to have at each place; zero at first. */
struct middle_seen {
	uint64_t at[MIDDLE_PLACES][2];
};

void middle_learn(struct middle_seen *seen, struct str key);

/* The first keep bytes of the lower key, and behind them end. */
struct middle {
	size_t keep;
	char end[MIDDLE_END];	/* whole characters of UTF-8 */
	unsigned char end_n;
};

/*
 * Up to want (at most MIDDLE_MAX) guesses, in ascending order, all of them
 * above low and below high; an absent high is above everything.  If the keys
 * between are held to be spread evenly, so are the guesses.  Else they differ
 * from low at some place from first on, before last.  Returns how many there
 * are.
 */
size_t middle_guess(const struct middle_seen *seen, struct str low,
		    struct str high, bool even, size_t first, size_t last,
		    size_t want, struct middle *guesses);

/*
 * How often the distance from first to last fits between last and high, with
 * keys as numbers: about so many more pages there are, like the one from first
 * to last.  MIDDLE_UNKNOWN if they are no such numbers.
 */
#define MIDDLE_UNKNOWN 1e9

double middle_share(const struct middle_seen *seen, struct str first,
		    struct str last, struct str high);

#endif
