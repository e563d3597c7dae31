/* SPDX-License-Identifier: Apache-2.0 */
/*
 * processor_option: the options that say which processor is run, and how.
 */
#ifndef S3EV_PROCESSOR_OPTION_H
#define S3EV_PROCESSOR_OPTION_H

#include <getopt.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/option_base.h"
#include "processor/child.h"

enum processor_option {
	PROCESSOR_OPTION_COMMAND = 'x', PROCESSOR_OPTION_WORKER = 'X',
	PROCESSOR_OPTION_OUTPUT = 'o',
	PROCESSOR_OPTION_DIRECTORY = 'd',
	PROCESSOR_OPTION_TIMEOUT = OPTION_BASE_PROCESSOR, PROCESSOR_OPTION_CPU,
	PROCESSOR_OPTION_MEMORY, PROCESSOR_OPTION_CREDENTIALS,
	PROCESSOR_OPTION_MAX_OUTPUT, PROCESSOR_OPTION_OUTPUT_TYPE,
	PROCESSOR_OPTION_ENV, PROCESSOR_OPTION_SANDBOX, PROCESSOR_OPTION_NETWORK,
	PROCESSOR_OPTION_READ, PROCESSOR_OPTION_WRITE
};
OPTION_BASE_HOLDS(OPTION_BASE_PROCESSOR, PROCESSOR_OPTION_WRITE);

#define PROCESSOR_OPTION_LETTERS "d:oX:x:"

#define PROCESSOR_OPTION_WORDS \
	{ "allow-read", required_argument, NULL, PROCESSOR_OPTION_READ }, \
	{ "allow-write", required_argument, NULL, PROCESSOR_OPTION_WRITE }, \
	{ "cpu", required_argument, NULL, PROCESSOR_OPTION_CPU }, \
	{ "directory", required_argument, NULL, PROCESSOR_OPTION_DIRECTORY }, \
	{ "env", required_argument, NULL, PROCESSOR_OPTION_ENV }, \
	{ "max-output", required_argument, NULL, \
	  PROCESSOR_OPTION_MAX_OUTPUT }, \
	{ "memory", required_argument, NULL, PROCESSOR_OPTION_MEMORY }, \
	{ "network", no_argument, NULL, PROCESSOR_OPTION_NETWORK }, \
	{ "output", no_argument, NULL, PROCESSOR_OPTION_OUTPUT }, \
	{ "output-type", required_argument, NULL, \
	  PROCESSOR_OPTION_OUTPUT_TYPE }, \
	{ "pass-credentials", no_argument, NULL, \
	  PROCESSOR_OPTION_CREDENTIALS }, \
	{ "processor", required_argument, NULL, PROCESSOR_OPTION_COMMAND }, \
	{ "sandbox", required_argument, NULL, PROCESSOR_OPTION_SANDBOX }, \
	{ "timeout", required_argument, NULL, PROCESSOR_OPTION_TIMEOUT }, \
	{ "worker", required_argument, NULL, PROCESSOR_OPTION_WORKER }

#define PROCESSOR_OPTION_USAGE \
	"  -x, --processor CMD         run CMD for each object, its bytes on stdin\n" \
	"  -X, --worker CMD            keep CMD running and send it each record\n" \
	"      --timeout S             kill it after S seconds (3600; 0: never)\n" \
	"      --cpu S, --memory BYTES  limit each of its processes\n" \
	"      --env NAME, --pass-credentials  leave this, or AWS_..., in its environment\n" \
	"      --sandbox auto|required|off, --network  hold it in its folder, but for TCP\n" \
	"      --allow-read PATH, --allow-write PATH  and for what is there\n" \
	"  -o, --output                its stdout becomes the processed object\n" \
	"  -d, --directory DIR         where that is kept (TMPDIR or /tmp)\n" \
	"      --max-output BYTES, --output-type TYPE  its size limit and media type\n"

enum { PROCESSOR_NAMES_MAX = 64 };

/* What an option that may be repeated was given, NULL at the end. */
struct processor_names {
	const char *list[PROCESSOR_NAMES_MAX + 1];
	size_t n;
};

enum processor_sandbox {
	PROCESSOR_SANDBOX_AUTO,		/* where the kernel has one */
	PROCESSOR_SANDBOX_REQUIRED, PROCESSOR_SANDBOX_OFF
};

/* Initialised with PROCESSOR_OPTIONS, the defaults. */
struct processor_options {
	char *command;		/* of -x, owned, or NULL */
	char *worker;		/* of -X, owned, or NULL */
	bool with_credentials;
	struct processor_names env, readable, writable;
	enum processor_sandbox sandbox;
	bool has_network;
	struct child_common common;	/* see processor_option_prepare() */
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
 * How many objects to look at at once by default: one for each CPU where a
 * program is run, and more where most of the time is spent waiting for S3.
 */
unsigned processor_option_jobs(const struct processor_options *options,
			       unsigned processors);

bool processor_option_is(int option);

/*
 * Take one of them.  Returns NULL, or what is wrong with it; the text is valid
 * until the next call.
 */
const char *processor_option_take(struct processor_options *options,
				  int option, const char *arg);

/*
 * After the last one: see that they go together, and set what is left to a
 * default.  Returns NULL, or what is wrong with them.
 */
const char *processor_option_end(struct processor_options *options);

/* What a processor gets of our environment; borrowed from options. */
struct command_passes
processor_option_passes(const struct processor_options *options);

/*
 * Before the first processor: child_prepare(), and make the sandbox.  -1 with
 * err if a place cannot be opened, with "InvalidCommand" if the program cannot be
 * run (runnable.h), or with "NoSandbox" if one is required and the kernel has
 * none.
 */
int processor_option_prepare(struct processor_options *options,
			     struct err *err);

void processor_option_free(struct processor_options *options);

#endif
