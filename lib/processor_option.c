/* SPDX-License-Identifier: Apache-2.0 */
#include "processor_option.h"

#include <stdlib.h>

#include "command.h"
#include "str.h"

/* A year; what is more would not fit where milliseconds are counted. */
enum { SECONDS_MAX = 366 * 24 * 3600 };

bool processor_option_is(int option)
{
	return option == PROCESSOR_OPTION_COMMAND ||
	       (option >= PROCESSOR_OPTION_TIMEOUT &&
		option <= PROCESSOR_OPTION_CREDENTIALS);
}

static const char *take_command(struct processor_options *options,
				const char *arg)
{
	if (*arg == '\0')
		return "an empty processor";
	free(options->command);
	options->command = command_resolve(arg, &options->err);
	return options->command ? NULL : options->err.message;
}

static const char *take_number(unsigned long long *number, const char *arg,
			       unsigned long long max, const char *what)
{
	return str_number(str_of(arg), number) < 0 || *number > max ?
		what : NULL;
}

const char *processor_option_take(struct processor_options *options,
				  int option, const char *arg)
{
	struct child_limits *limits = &options->limits;

	switch (option) {
	case PROCESSOR_OPTION_TIMEOUT:
		return take_number(&limits->seconds, arg, SECONDS_MAX,
				   "not a number of seconds");
	case PROCESSOR_OPTION_CPU:
		return take_number(&limits->cpu_seconds, arg, SECONDS_MAX,
				   "not a number of seconds");
	case PROCESSOR_OPTION_MEMORY:
		return take_number(&limits->memory, arg, ~0ULL >> 1,
				   "not a number of bytes");
	case PROCESSOR_OPTION_CREDENTIALS:
		options->with_credentials = true;
		return NULL;
	default:
		return take_command(options, arg);
	}
}
