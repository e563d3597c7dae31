/* SPDX-License-Identifier: Apache-2.0 */
/*
 * processor_option: the options that say what processor is run, and how.
 */
#ifndef S3EV_PROCESSOR_OPTION_H
#define S3EV_PROCESSOR_OPTION_H

#include <getopt.h>
#include <stdbool.h>

#include "child.h"
#include "err.h"

enum processor_option {
	PROCESSOR_OPTION_COMMAND = 'x', PROCESSOR_OPTION_WORKER = 'X',
	PROCESSOR_OPTION_OUTPUT = 'o',
	PROCESSOR_OPTION_DIRECTORY = 'd',
	PROCESSOR_OPTION_TIMEOUT = 768, PROCESSOR_OPTION_CPU,
	PROCESSOR_OPTION_MEMORY, PROCESSOR_OPTION_CREDENTIALS,
	PROCESSOR_OPTION_MAX_OUTPUT, PROCESSOR_OPTION_OUTPUT_TYPE
};

#define PROCESSOR_OPTION_LETTERS "d:oX:x:"

#define PROCESSOR_OPTION_WORDS \
	{ "cpu", required_argument, NULL, PROCESSOR_OPTION_CPU }, \
	{ "directory", required_argument, NULL, PROCESSOR_OPTION_DIRECTORY }, \
	{ "max-output", required_argument, NULL, \
	  PROCESSOR_OPTION_MAX_OUTPUT }, \
	{ "memory", required_argument, NULL, PROCESSOR_OPTION_MEMORY }, \
	{ "output", no_argument, NULL, PROCESSOR_OPTION_OUTPUT }, \
	{ "output-type", required_argument, NULL, \
	  PROCESSOR_OPTION_OUTPUT_TYPE }, \
	{ "pass-credentials", no_argument, NULL, \
	  PROCESSOR_OPTION_CREDENTIALS }, \
	{ "processor", required_argument, NULL, PROCESSOR_OPTION_COMMAND }, \
	{ "timeout", required_argument, NULL, PROCESSOR_OPTION_TIMEOUT }, \
	{ "worker", required_argument, NULL, PROCESSOR_OPTION_WORKER }

#define PROCESSOR_OPTION_USAGE \
	"  -x, --processor CMD   run CMD for each object, its bytes on stdin\n" \
	"  -X, --worker CMD      run CMD once, and ask it about each record\n" \
	"      --timeout S       end it after so many seconds (3600; 0: never)\n" \
	"      --cpu S           let none of its processes use more CPU time\n" \
	"      --memory BYTES    nor more memory\n" \
	"      --pass-credentials\n" \
	"                        leave AWS credentials in its environment\n" \
	"  -o, --output          what it writes to stdout is for processed\n" \
	"  -d, --directory DIR   where that is kept (TMPDIR or /tmp)\n" \
	"      --max-output BYTES\n" \
	"                        no file it writes may be larger (with -o: 5 GiB)\n" \
	"      --output-type TYPE\n" \
	"                        its media type (application/octet-stream)\n"

/* PROCESSOR_OPTIONS is what is so without any option. */
struct processor_options {
	char *command;		/* of -x, owned, or NULL */
	char *worker;		/* of -X, owned, or NULL */
	bool with_credentials;
	struct child_limits limits;
	bool has_output;
	const char *directory;	/* NULL: TMPDIR or /tmp */
	const char *output_type;
	unsigned long long max_output;	/* 0: no limit */
	bool has_max_output;
	struct err err;		/* private: what is wrong with a command */
};

#define PROCESSOR_OPTIONS { \
	.limits.seconds = 3600, \
	.output_type = "application/octet-stream", \
}

/*
 * How many objects to look at at once if nobody has said: programs want
 * processors, while without one it is S3 that is waited for.
 */
unsigned processor_option_jobs(const struct processor_options *options);

bool processor_option_is(int option);

/*
 * Take one of them.  NULL, or what is wrong with it, which is good until the
 * next call.
 */
const char *processor_option_take(struct processor_options *options,
				  int option, const char *arg);

/*
 * All are taken: see that they go together, and set the rest.  NULL, or what
 * is wrong with them.
 */
const char *processor_option_end(struct processor_options *options);

void processor_option_free(struct processor_options *options);

#endif
