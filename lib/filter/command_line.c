/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/command_line.h"

#include <stdio.h>
#include <sysexits.h>

#include "base/harden.h"
#include "filter/help.h"
#include "filter/option_next.h"
#include "filter/say.h"

static int wrong(const struct command_line *line, const char *what,
		 const char *arg)
{
	say_wrong(line->name, what, arg);
	return EX_USAGE;
}

static int no_command(const struct command_line *line)
{
	char advice[128];

	snprintf(advice, sizeof(advice), "see %s --help", line->name);
	return wrong(line, "no command", advice);
}

int command_line_read(const struct command_line *line, int argc, char **argv,
		      char *const **command)
{
	const char *what;
	int c;

	harden_process();
	while ((c = option_next(line->name, argc, argv, line->letters,
				line->words)) != -1) {
		if (c == 'h')
			return help_print(line->usage);
		if (c == 'V')
			return help_version(line->name);
		if (c == '?')
			return EX_USAGE;
		what = line->take(line->ctx, c, optarg);
		if (what)
			return wrong(line, what, optarg);
	}
	if (optind == argc)
		return no_command(line);
	*command = argv + optind;
	return -1;
}
