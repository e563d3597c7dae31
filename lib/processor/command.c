/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* asprintf, environ */
#include "processor/command.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLANKS " \t\n"
#define OPERATORS "|&;()"

/* What has no use but to say how programs are found and how text is shown. */
static const char *const harmless[] = { "PATH", "TZ", "LANG", "LANGUAGE" };

bool command_is_word(const char *command)
{
	return command[0] != '\0' &&
	       (!strpbrk(command, BLANKS OPERATORS "<>$`\\\"'*?[]#~=%{}!") ||
		(strchr(command, '/') && access(command, F_OK) == 0));
}

static char *absolute(const char *path, struct err *err)
{
	char here[PATH_MAX], *text;

	if (!getcwd(here, sizeof(here))) {
		err_errno(err, "the current directory");
		return NULL;
	}
	if (asprintf(&text, "%s/%s", here, path) >= 0)
		return text;
	err_memory(err);
	return NULL;
}

static bool is_here(const char *word)
{
	struct stat st;

	return word[0] != '/' && stat(word, &st) == 0 &&
	       (S_ISREG(st.st_mode) || strchr(word, '/'));
}

/*
 * A shell command that names a file of the current directory would not find
 * it, since the command runs in another.  The first word is looked up in PATH
 * unless it has a slash, so that one may be called like a file here.
 */
static int check_word(const char *word, bool is_first, struct err *err)
{
	if ((is_first && !strchr(word, '/')) || !is_here(word))
		return 0;
	return err_set(err, "InvalidCommand",
		       "%s is in this directory, but the command runs in "
		       "another: write \"$OLDPWD\"/%s, or '%s' if no file is "
		       "meant", word, word, word);
}

static int check_words(const char *command, struct err *err)
{
	char word[PATH_MAX];
	bool is_first = true;

	while (*command) {
		size_t n = strcspn(command, BLANKS OPERATORS "<>");

		if (n == 0) {
			is_first |= strchr(OPERATORS, *command) != NULL;
			command++;
			continue;
		}
		snprintf(word, sizeof(word), "%.*s", (int)n, command);
		/* A command that changes directory knows where it goes. */
		if (is_first && strcmp(word, "cd") == 0)
			return 0;
		if (check_word(word, is_first, err) < 0)
			return -1;
		is_first = false;
		command += n;
	}
	return 0;
}

char *command_resolve(const char *command, struct err *err)
{
	char *text;

	if (!command_is_word(command)) {
		if (check_words(command, err) < 0)
			return NULL;
	} else if (command[0] != '/' && strchr(command, '/')) {
		return absolute(command, err);
	}
	text = strdup(command);
	if (!text)
		err_memory(err);
	return text;
}

static bool is_variable(const char *entry, const char *name, size_t n)
{
	return strncmp(entry, name, n) == 0 && entry[n] == '=';
}

static bool is_harmless(const char *entry)
{
	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
		if (is_variable(entry, harmless[i], strlen(harmless[i])))
			return true;
	return strncmp(entry, "LC_", 3) == 0;
}

static bool is_among(const char *entry, const char *const *list)
{
	size_t n = strcspn(entry, "=");

	for (; *list; list++)
		if (is_variable(*list, entry, n))
			return true;
	return false;
}

bool command_names(const struct command_passes *passes, const char *entry)
{
	for (const char *const *name = passes->names; *name; name++)
		if (is_variable(entry, *name, strlen(*name)))
			return true;
	return false;
}

static bool is_passed(const struct command_passes *passes, const char *entry)
{
	return is_harmless(entry) || command_names(passes, entry) ||
	       (passes->credentials && strncmp(entry, "AWS_", 4) == 0);
}

const char **command_environment(const char *const *over,
				 const struct command_passes *passes)
{
	size_t n = 0, count = 0;
	const char **list;

	while (environ[n])
		n++;
	while (over[count])
		count++;
	list = calloc(n + count + 1, sizeof(*list));
	if (!list)
		return NULL;
	memcpy(list, over, count * sizeof(*list));
	for (size_t i = 0; i < n; i++) {
		if (!is_among(environ[i], over) && is_passed(passes, environ[i]))
			list[count++] = environ[i];
	}
	return list;
}

void command_argv(const char *command, const char *argv[COMMAND_ARGV_SIZE])
{
	bool is_plain = command_is_word(command);

	argv[0] = is_plain ? command : "sh";
	argv[1] = is_plain ? NULL : "-c";
	argv[2] = command;
	argv[3] = NULL;
}
