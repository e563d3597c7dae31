/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options: reading a filter's command line.
 *
 * Every filter has -h/--help, -V/--version, -v/--verbose and --stats; those
 * that run on flow.h also -j/--jobs, -k/--keep-order and --progress.  None takes
 * arguments.
 */
#ifndef S3EV_OPTIONS_H
#define S3EV_OPTIONS_H

#include <getopt.h>

#include "flow.h"

enum { OPTIONS_MAX = 48 };	/* long options, the common ones included */

/* Their lines in the text of --help. */
#define OPTIONS_USAGE \
	"      --progress       show on a terminal how far it is\n" \
	"      --stats FILE     append what was done, in numbers\n"

struct options {
	const char *name;		/* of the tool */
	const char *usage;		/* what --help says */
	const char *letters;		/* its own short options, see getopt(3) */
	const struct option *words;	/* and long ones, zeros at the end */

	/* Take one of them: NULL, or what is wrong with arg. */
	const char *(*take)(void *ctx, int option, const char *arg);

	/* Say a line on stderr, as in flow.h. */
	void (*report)(void *ctx, const char *line);

	void *ctx;
	bool no_flow;			/* the tool does not run on it */
	struct flow_options *flow;	/* set by the common ones */
};

/*
 * Read the command line.  Returns -1 to go on, or the exit status to end with:
 * after --help and --version, and EX_USAGE, which has been reported.
 */
int options_read(const struct options *options, int argc, char **argv);

/* The number of processors of the machine, where that is what -j should be. */
unsigned options_processors(void);

#endif
