/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_line: read the options of a program that runs a command, which
 * follows them: TOOL [OPTION...] -- COMMAND [ARGUMENT...].
 *
 * Everything is borrowed; values point into argv.  As in options.h the process
 * closes itself to others first, see base/harden.h.
 */
#ifndef S3EV_COMMAND_LINE_H
#define S3EV_COMMAND_LINE_H

#include <getopt.h>

#define COMMAND_LINE_LETTERS "hV"
#define COMMAND_LINE_WORDS \
	{ "help", no_argument, NULL, 'h' }, \
	{ "version", no_argument, NULL, 'V' }
#define COMMAND_LINE_USAGE \
	"  -h, --help          print this text\n" \
	"  -V, --version       print the version\n"

struct command_line {
	const char *name;		/* of the tool */
	const char *usage;		/* what --help says */
	const char *letters;		/* "+", for the first "--", then all */
	const struct option *words;	/* zeros at the end */

	/* Take one that is not above.  Returns NULL, or what is wrong with arg. */
	const char *(*take)(void *ctx, int option, const char *arg);
	void *ctx;
};

/*
 * Returns -1 to go on, with the command, or the exit status to end with: after
 * --help or --version, or EX_USAGE for a fault, which has been reported.
 */
int command_line_read(const struct command_line *line, int argc, char **argv,
		      char *const **command);

#endif
