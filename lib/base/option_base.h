/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_base: the numbers of options that have no letter, for getopt_long().
 *
 * A filter's options come from several modules, and getopt_long() tells them
 * apart by number alone.  Each module takes its numbers from a range of its
 * own, above all characters, and asserts that its last one lies in it.
 */
#ifndef S3EV_OPTION_BASE_H
#define S3EV_OPTION_BASE_H

enum option_base {
	OPTION_BASE_TOOL = 1 << 8,	/* the tool's own */
	OPTION_BASE_S3 = 2 << 8,	/* s3_option */
	OPTION_BASE_PROCESSOR = 3 << 8,	/* processor_option */
	OPTION_BASE_CHECK = 4 << 8,	/* check_option */
	OPTION_BASE_COMMON = 5 << 8,	/* options: of every filter */
	OPTION_BASE_TARGET = 6 << 8,	/* target_option */
	OPTION_BASE_SIZE = 1 << 8	/* numbers in a range */
};

/* Fail to compile unless last is in the range that begins at base. */
#define OPTION_BASE_HOLDS(base, last) \
	_Static_assert((int)(last) >= (int)(base) && \
		       (int)(last) < (int)(base) + (int)OPTION_BASE_SIZE, \
		       "an option's number is outside the range of its module")

#endif
