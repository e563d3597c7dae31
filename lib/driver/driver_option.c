/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/driver_option.h"

#include <string.h>

enum { MS_MAX = 900000, GRACE_MAX = 43200 };

static const char *choose(const char *arg, const char *no, const char *yes,
			  const char *what, bool *is)
{
	*is = strcmp(arg, yes) == 0;
	return *is || strcmp(arg, no) == 0 ? NULL : what;
}

static const char *take_ms(const char *arg, unsigned long long *ms)
{
	return str_number(str_of(arg), ms) == 0 && *ms <= MS_MAX ? NULL :
		"not a number of ms (up to 900000)";
}

static const char *take_grace(const char *arg, unsigned long long *ms)
{
	if (str_number(str_of(arg), ms) < 0 || *ms > GRACE_MAX)
		return "not a number of seconds (up to 43200)";
	*ms *= 1000;
	return NULL;
}

static const char *take_pipelines(const char *arg, unsigned *pipelines)
{
	unsigned long long n;

	if (str_number(str_of(arg), &n) < 0 || n == 0 ||
	    n > DRIVER_PIPELINES_MAX)
		return "not a number of pipelines (1 to 64)";
	*pipelines = (unsigned)n;
	return NULL;
}

const char *driver_option_take(struct driver_options *options, int option,
			       const char *arg)
{
	switch (option) {
	case 'd':
		return choose(arg, "fail", "done", "neither done nor fail",
			      &options->results.may_drop);
	case 'e':
		options->each = true;
		return NULL;
	case 'G':
		return take_grace(arg, &options->grace);
	case 'g':
		return choose(arg, "done", "fail", "neither fail nor done",
			      &options->results.gone_fails);
	case 'm':
		return take_ms(arg, &options->margin);
	case 's':
		return take_ms(arg, &options->start);
	case 'v':
		options->verbose = true;
		return NULL;
	case 'w':
		return take_pipelines(arg, &options->pipelines);
	default:
		return "not an option";
	}
}
