/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_next: getopt_long(3), but what is wrong is said as all else is.
 *
 * The C library prints the argument as it came, and so whatever a script has
 * put there from outside.  Here it is escaped (filter/say.h), and the line says
 * where to look:
 *
 *	s3rm: unknown option --quiet; see s3rm --help
 *
 * getopt's own state is used: optarg, optind.
 */
#ifndef S3EV_OPTION_NEXT_H
#define S3EV_OPTION_NEXT_H

#include <getopt.h>

/* The next option, '?' if it is wrong, which has been said, or -1. */
int option_next(const char *tool, int argc, char **argv, const char *letters,
		const struct option *words);

#endif
