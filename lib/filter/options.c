/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/options.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/harden.h"
#include "base/option_base.h"
#include "base/str.h"
#include "filter/help.h"
#include "filter/option_next.h"

enum { PROGRESS = OPTION_BASE_COMMON, STATS };

static const struct option common[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "stats", required_argument, NULL, STATS },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 }
};

static const struct option of_flow[] = {
	{ "jobs", required_argument, NULL, 'j' },
	{ "keep-order", no_argument, NULL, 'k' },
	{ "progress", no_argument, NULL, PROGRESS },
	{ NULL, 0, NULL, 0 }
};

static size_t append(struct option *words, size_t n,
		     const struct option *more)
{
	while (more->name && n < OPTIONS_MAX)
		words[n++] = *more++;
	words[n] = (struct option){ NULL, 0, NULL, 0 };
	return n;
}

static int wrong(const struct options *options, const char *what,
		 const char *arg)
{
	struct buf line;
	const char *text;

	buf_init(&line, 64 << 10);
	diag_put(&line, str_of(what));
	buf_puts(&line, ": ");
	diag_put(&line, str_of(arg));
	text = buf_cstr(&line);
	options->report(options->ctx, text ? text : what);
	buf_free(&line);
	return EX_USAGE;
}

static int set_jobs(const struct options *options, const char *arg)
{
	unsigned long long jobs;

	if (str_number(str_of(arg), &jobs) < 0 || jobs < 1 ||
	    jobs > FLOW_JOBS_MAX)
		return wrong(options, "not a number of jobs (1 to 1024)", arg);
	options->flow->jobs = (unsigned)jobs;
	return -1;
}

/* Take one option.  Returns -1 to go on, or the exit status. */
static int take(const struct options *options, int c, const char *arg)
{
	const char *what;

	switch (c) {
	case '?':
		return EX_USAGE; /* option_next() has said why */
	case 'h':
		return help_print(options->usage);
	case 'V':
		return help_version(options->name);
	case 'j':
		return set_jobs(options, arg);
	case 'k':
		options->flow->keep_order = true;
		return -1;
	case PROGRESS:
		options->flow->progress = true;
		return -1;
	case STATS:
		options->flow->stats = arg;
		return -1;
	case 'v':
		options->flow->columns = options->flow->verbose;
		options->flow->verbose = true;
		return -1;
	}
	what = options->take(options->ctx, c, arg);
	return what ? wrong(options, what, arg) : -1;
}

int options_read(const struct options *options, int argc, char **argv)
{
	struct option words[OPTIONS_MAX + 1];
	char letters[64];
	int c, status;
	size_t n = append(words, append(words, 0, options->words), common);

	if (!options->no_flow)
		append(words, n, of_flow);
	harden_process();
	snprintf(letters, sizeof(letters), "hVv%s%s",
		 options->no_flow ? "" : "j:k", options->letters);
	while ((c = option_next(options->name, argc, argv, letters,
				words)) != -1) {
		status = take(options, c, optarg);
		if (status >= 0)
			return status;
	}
	if (optind < argc && !options->operands)
		return wrong(options, "no arguments are taken", argv[optind]);
	return -1;
}

unsigned options_processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > FLOW_JOBS_MAX ? FLOW_JOBS_MAX : (unsigned)n;
}
