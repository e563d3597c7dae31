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
	PROCESSOR_OPTION_COMMAND = 'x',
	PROCESSOR_OPTION_TIMEOUT = 768, PROCESSOR_OPTION_CPU,
	PROCESSOR_OPTION_MEMORY, PROCESSOR_OPTION_CREDENTIALS
};

#define PROCESSOR_OPTION_LETTERS "x:"

#define PROCESSOR_OPTION_WORDS \
	{ "cpu", required_argument, NULL, PROCESSOR_OPTION_CPU }, \
	{ "memory", required_argument, NULL, PROCESSOR_OPTION_MEMORY }, \
	{ "pass-credentials", no_argument, NULL, \
	  PROCESSOR_OPTION_CREDENTIALS }, \
	{ "processor", required_argument, NULL, PROCESSOR_OPTION_COMMAND }, \
	{ "timeout", required_argument, NULL, PROCESSOR_OPTION_TIMEOUT }

#define PROCESSOR_OPTION_USAGE \
	"  -x, --processor CMD   run CMD for each object, its bytes on stdin\n" \
	"      --timeout S       end it after so many seconds (3600; 0: never)\n" \
	"      --cpu S           let none of its processes use more CPU time\n" \
	"      --memory BYTES    nor more memory\n" \
	"      --pass-credentials\n" \
	"                        leave AWS credentials in its environment\n"

/* All zero, but for limits.seconds, is what is so without any option. */
struct processor_options {
	char *command;		/* owned; NULL: there is no processor */
	bool with_credentials;
	struct child_limits limits;
	struct err err;		/* private: what is wrong with a command */
};

enum { PROCESSOR_TIMEOUT = 3600 };

bool processor_option_is(int option);

/*
 * Take one of them.  NULL, or what is wrong with it, which is good until the
 * next call.
 */
const char *processor_option_take(struct processor_options *options,
				  int option, const char *arg);

#endif
