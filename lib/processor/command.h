/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command: the program that the user wants run, and its environment.
 *
 * A plain word (no blanks, no characters that mean something to a shell) is
 * executed itself, and so is a path with a slash at which there is something,
 * whatever characters it has.  Anything else is run by sh -c.  The program runs
 * in a folder of its own, so a path relative to the current directory is
 * resolved before.
 */
#ifndef S3EV_COMMAND_H
#define S3EV_COMMAND_H

#include <stdbool.h>

#include "base/err.h"

/*
 * The command, its path made absolute if it is a relative one; the caller
 * frees it.  NULL with "InvalidCommand" when a shell command names a file that
 * it would not find: an unquoted word, other than the name of a program, that
 * is a file of the current directory or an existing path with a slash.  NULL
 * with err if memory is out.
 */
char *command_resolve(const char *command, struct err *err);

/* Is it a plain word or a path, which is executed without a shell? */
bool command_is_word(const char *command);

/* What of our environment it gets besides PATH, TZ, LANG, LANGUAGE and LC_*. */
struct command_passes {
	const char *const *names;	/* borrowed; NULL at the end */
	bool credentials;		/* what begins with AWS_ */
};

/* Is the variable ("NAME=value") among the names? */
bool command_names(const struct command_passes *passes, const char *entry);

/*
 * The entries of over ("NAME=value", NULL at the end), followed by those
 * variables of our environment that are passed and not set by over.  The caller
 * frees the list, not its strings.  NULL if memory is out.
 */
const char **command_environment(const char *const *over,
				 const struct command_passes *passes);

/*
 * The arguments that run the command: itself, or "sh", "-c" and it.  The
 * strings are borrowed from command.
 */
enum { COMMAND_ARGV_SIZE = 4 };
void command_argv(const char *command, const char *argv[COMMAND_ARGV_SIZE]);

#endif
