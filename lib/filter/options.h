/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options: read a filter's command line.
 *
 * Every filter has -h/--help, -V/--version, -v/--verbose and --stats.  Those
 * that run on flow.h also have -j/--jobs, -k/--keep-order and --progress.  Only
 * those that say so take arguments.  Everything is borrowed; values point into
 * argv.  Reading the command line is the first thing that a filter does, so that
 * is where it closes itself to others, see base/harden.h.
 */
#ifndef S3EV_OPTIONS_H
#define S3EV_OPTIONS_H

#include <getopt.h>

#include "base/option_base.h"
#include "filter/flow.h"

enum { OPTIONS_MAX = 48 };	/* long options, the common ones included */

/* Their lines in the text of --help. */
#define OPTIONS_USAGE \
	"  -k, --keep-order; --progress  keep the input's order; show progress\n" \
	"  -v, --verbose; --stats FILE print a line for each record; append statistics\n" \
	"  -h, --help; -V, --version   print this text; print the version\n"

struct options {
	const char *name;		/* of the tool */
	const char *usage;		/* what --help says */
	const char *letters;		/* its own short options, see getopt(3) */
	const struct option *words;	/* and long ones, zeros at the end;
					 * those without a letter are numbered
					 * from OPTION_BASE_TOOL */

	/* Take one of these.  Returns NULL, or what is wrong with arg. */
	const char *(*take)(void *ctx, int option, const char *arg);

	/* Write a line to stderr, as in flow.h. */
	void (*report)(void *ctx, const char *line);

	void *ctx;			/* of both */
	bool no_flow;			/* the tool does not run on flow.h */
	bool operands;			/* it takes arguments: argv[optind] is
					 * the first */
	struct flow_options *flow;	/* set by the common options */
};

/*
 * Read the command line.  Returns -1 to go on, or the exit status to end with:
 * after --help or --version, or EX_USAGE for a fault, which has been reported.
 */
int options_read(const struct options *options, int argc, char **argv);

/* The number of processors of the machine: a default for -j. */
unsigned options_processors(void);

#endif
