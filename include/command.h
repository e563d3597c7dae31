/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command: what the user wants run, and the environment it runs in.
 *
 * A plain word (no blanks, no characters that mean something to a shell) is
 * executed itself, anything else by sh -c.  Since it runs in a folder of its
 * own, what it names relative to ours is settled before.
 */
#ifndef S3EV_COMMAND_H
#define S3EV_COMMAND_H

#include <stdbool.h>

#include "err.h"

/*
 * The command with a relative path made absolute, which the caller frees.
 * NULL with "InvalidCommand" when a shell command names a file of the current
 * directory, which it would not find: an unquoted word, other than the name of
 * a program, that is a file here or a path with a slash that exists.
 */
char *command_resolve(const char *command, struct err *err);

/*
 * Our environment with over, a list of "NAME=value" with NULL at its end, put
 * over it; without our variables that begin with S3EV_ and, unless
 * with_credentials, without those that hold or lead to AWS credentials.  The
 * caller frees the list, not its strings.  NULL if memory is out.
 */
const char **command_environment(const char *const *over,
				 bool with_credentials);

/*
 * Execute it, after vfork; on failure say why on stderr and end with status
 * 126 or 127, as a shell does.
 */
void command_exec(const char *command, const char **environment)
	__attribute__((noreturn));

#endif
