/* SPDX-License-Identifier: Apache-2.0 */
#include "processor/processor_option.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "processor/command.h"
#include "processor/confine.h"
#include "processor/runnable.h"

/* S3 takes no more in one piece. */
static const unsigned long long MAX_OUTPUT = 5ULL << 30;

/* A year: a timer counts milliseconds, and must not overflow. */
enum { SECONDS_MAX = 366 * 24 * 3600 };

unsigned processor_option_jobs(const struct processor_options *options,
			       unsigned processors)
{
	return options->command || options->worker ? processors : 32;
}

bool processor_option_is(int option)
{
	return option == PROCESSOR_OPTION_COMMAND ||
	       option == PROCESSOR_OPTION_WORKER ||
	       option == PROCESSOR_OPTION_OUTPUT ||
	       option == PROCESSOR_OPTION_DIRECTORY ||
	       (option >= PROCESSOR_OPTION_TIMEOUT &&
		option <= PROCESSOR_OPTION_WRITE);
}

static const char *take_command(struct processor_options *options,
				char **command, const char *arg)
{
	if (*arg == '\0')
		return "the processor is empty";
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

/* As in RFC 9110, 8.3.1, with parameters: it becomes a header. */
static bool is_media_type(const char *arg)
{
	const char *slash = strchr(arg, '/');

	for (const char *p = arg; *p; p++)
		if (*p < ' ' || *p > '~')
			return false;
	return slash && slash > arg && slash[1] != '\0' && slash[1] != ' ';
}

static const char *take_name(struct processor_names *names, const char *arg)
{
	if (*arg == '\0')
		return "the name is empty";
	if (names->n == PROCESSOR_NAMES_MAX)
		return "too many of this option";
	names->list[names->n++] = arg;
	return NULL;
}

static const char *take_variable(struct processor_names *names, const char *arg)
{
	return strchr(arg, '=') ? "a name without a value is taken" :
				  take_name(names, arg);
}

static const char *take_sandbox(struct processor_options *options,
				const char *arg)
{
	static const char *const words[] = {
		[PROCESSOR_SANDBOX_AUTO] = "auto",
		[PROCESSOR_SANDBOX_REQUIRED] = "required",
		[PROCESSOR_SANDBOX_OFF] = "off",
	};

	for (int i = 0; i <= PROCESSOR_SANDBOX_OFF; i++)
		if (strcmp(arg, words[i]) == 0) {
			options->sandbox = (enum processor_sandbox)i;
			return NULL;
		}
	return "neither auto, required nor off";
}

const char *processor_option_take(struct processor_options *options,
				  int option, const char *arg)
{
	struct child_limits *limits = &options->limits;

	switch (option) {
	case PROCESSOR_OPTION_TIMEOUT:
		return take_seconds(&limits->seconds, arg);
	case PROCESSOR_OPTION_CPU:
		return take_seconds(&limits->process.cpu_seconds, arg);
	case PROCESSOR_OPTION_MEMORY:
		return take_bytes(&limits->process.memory, arg, ~0ULL >> 1);
	case PROCESSOR_OPTION_MAX_OUTPUT:
		options->has_max_output = true;
		return take_bytes(&options->max_output, arg, ~0ULL >> 2);
	case PROCESSOR_OPTION_OUTPUT_TYPE:
		options->output_type = arg;
		return is_media_type(arg) ? NULL : "not a media type";
	case PROCESSOR_OPTION_DIRECTORY:
		options->directory = arg;
		return *arg == '\0' ? "the directory is empty" : NULL;
	case PROCESSOR_OPTION_OUTPUT:
		options->has_output = true;
		return NULL;
	case PROCESSOR_OPTION_CREDENTIALS:
		options->with_credentials = true;
		return NULL;
	case PROCESSOR_OPTION_ENV:
		return take_variable(&options->env, arg);
	case PROCESSOR_OPTION_SANDBOX:
		return take_sandbox(options, arg);
	case PROCESSOR_OPTION_NETWORK:
		options->has_network = true;
		return NULL;
	case PROCESSOR_OPTION_READ:
		return take_name(&options->readable, arg);
	case PROCESSOR_OPTION_WRITE:
		return take_name(&options->writable, arg);
	case PROCESSOR_OPTION_WORKER:
		return take_command(options, &options->worker, arg);
	default:
		return take_command(options, &options->command, arg);
	}
}

/*
 * The limit on files lets one byte more through than --max-output.  So an
 * output that is too large differs from one that just fits, even where the
 * processor ignores the error.
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
		options->limits.process.file_size = options->max_output + 1;
	return NULL;
}

struct command_passes
processor_option_passes(const struct processor_options *options)
{
	return (struct command_passes){
		.names = options->env.list,
		.credentials = options->with_credentials,
	};
}

/* Credentials are of no use to who cannot reach a server. */
static int make_sandbox(struct processor_options *options, struct err *err)
{
	const char *temporary = getenv("TMPDIR");
	const struct confine what = {
		.command = options->command ? options->command :
					      options->worker,
		.temporary = temporary && *temporary ? temporary : "/tmp",
		.readable = options->readable.list,
		.writable = options->writable.list,
	};
	struct sandbox *sandbox = &options->common.sandbox;

	sandbox->has_network = options->has_network ||
			       options->with_credentials;
	options->common.has_sandbox = true;
	return confine(sandbox, &what, err);
}

int processor_option_prepare(struct processor_options *options,
			     struct err *err)
{
	const char *command = options->command ? options->command :
						 options->worker;

	child_prepare(&options->common);
	if (command && command_is_word(command) &&
	    runnable_check(command, err) < 0)
		return -1;
	if (!command || options->sandbox == PROCESSOR_SANDBOX_OFF)
		return 0;
	if (sandbox_version() > 0)
		return make_sandbox(options, err);
	if (options->sandbox == PROCESSOR_SANDBOX_AUTO)
		return 0;
	return err_set(err, "NoSandbox", "--sandbox=required: this kernel has "
		       "no Landlock, or it is switched off");
}

void processor_option_free(struct processor_options *options)
{
	free(options->command);
	free(options->worker);
	options->command = options->worker = NULL;
}
