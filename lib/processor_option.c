/* SPDX-License-Identifier: Apache-2.0 */
#include "processor_option.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "options.h"
#include "str.h"

/* What S3 takes in one piece. */
static const unsigned long long MAX_OUTPUT = 5ULL << 30;

/* A year; what is more would not fit where milliseconds are counted. */
enum { SECONDS_MAX = 366 * 24 * 3600 };

unsigned processor_option_jobs(const struct processor_options *options)
{
	return options->command || options->worker ? options_processors() : 32;
}

bool processor_option_is(int option)
{
	return option == PROCESSOR_OPTION_COMMAND ||
	       option == PROCESSOR_OPTION_WORKER ||
	       option == PROCESSOR_OPTION_OUTPUT ||
	       option == PROCESSOR_OPTION_DIRECTORY ||
	       (option >= PROCESSOR_OPTION_TIMEOUT &&
		option <= PROCESSOR_OPTION_OUTPUT_TYPE);
}

static const char *take_command(struct processor_options *options,
				char **command, const char *arg)
{
	if (*arg == '\0')
		return "an empty processor";
	free(*command);
	*command = command_resolve(arg, &options->err);
	return *command ? NULL : options->err.message;
}

static const char *take_seconds(unsigned long long *seconds, const char *arg)
{
	return str_number(str_of(arg), seconds) < 0 || *seconds > SECONDS_MAX ?
		"not a number of seconds" : NULL;
}

static const char *take_bytes(unsigned long long *bytes, const char *arg,
			      unsigned long long max)
{
	return str_bytes(str_of(arg), bytes) < 0 || *bytes > max ?
		"not a number of bytes" : NULL;
}

/* As RFC 9110, 8.3.1 has them, parameters and all: it becomes a header. */
static bool is_media_type(const char *arg)
{
	const char *slash = strchr(arg, '/');

	for (const char *p = arg; *p; p++)
		if (*p < ' ' || *p > '~')
			return false;
	return slash && slash > arg && slash[1] != '\0' && slash[1] != ' ';
}

const char *processor_option_take(struct processor_options *options,
				  int option, const char *arg)
{
	struct child_limits *limits = &options->limits;

	switch (option) {
	case PROCESSOR_OPTION_TIMEOUT:
		return take_seconds(&limits->seconds, arg);
	case PROCESSOR_OPTION_CPU:
		return take_seconds(&limits->cpu_seconds, arg);
	case PROCESSOR_OPTION_MEMORY:
		return take_bytes(&limits->memory, arg, ~0ULL >> 1);
	case PROCESSOR_OPTION_MAX_OUTPUT:
		options->has_max_output = true;
		return take_bytes(&options->max_output, arg, ~0ULL >> 2);
	case PROCESSOR_OPTION_OUTPUT_TYPE:
		options->output_type = arg;
		return is_media_type(arg) ? NULL : "not a media type";
	case PROCESSOR_OPTION_DIRECTORY:
		options->directory = arg;
		return *arg == '\0' ? "an empty directory" : NULL;
	case PROCESSOR_OPTION_OUTPUT:
		options->has_output = true;
		return NULL;
	case PROCESSOR_OPTION_CREDENTIALS:
		options->with_credentials = true;
		return NULL;
	case PROCESSOR_OPTION_WORKER:
		return take_command(options, &options->worker, arg);
	default:
		return take_command(options, &options->command, arg);
	}
}

/*
 * One byte more than allowed is let through, so that an output that is too
 * large is told from one that just fits, even if the processor goes on.
 */
const char *processor_option_end(struct processor_options *options)
{
	if (options->command && options->worker)
		return "-x and -X do not go together";
	if (options->has_output && !options->command)
		return "-o needs -x";
	if (options->directory && !options->has_output)
		return "-d needs -o";
	if (!options->directory)
		options->directory = getenv("TMPDIR");
	if (!options->directory || !*options->directory)
		options->directory = "/tmp";
	if (options->has_output && !options->has_max_output)
		options->max_output = MAX_OUTPUT;
	if (options->max_output > 0)
		options->limits.file_size = options->max_output + 1;
	return NULL;
}

void processor_option_free(struct processor_options *options)
{
	free(options->command);
	free(options->worker);
	options->command = options->worker = NULL;
}
