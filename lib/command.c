/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* execvpe, environ, strerrordesc_np, asprintf */
#include "command.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLANKS " \t\n"
#define OPERATORS "|&;()"

/* What could speak for us at AWS. */
static const char *const secrets[] = {
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_SECURITY_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN",
	"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	"AWS_CONTAINER_CREDENTIALS_FULL_URI",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
};

static bool is_plain_word(const char *command)
{
	return command[0] != '\0' &&
	       !strpbrk(command, BLANKS OPERATORS "<>$`\\\"'*?[]#~=%{}!");
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
	err_set(err, "OutOfMemory", "out of memory");
	return NULL;
}

static bool is_here(const char *word)
{
	struct stat st;

	return word[0] != '/' && stat(word, &st) == 0 &&
	       (S_ISREG(st.st_mode) || strchr(word, '/'));
}

/*
 * Would a shell command not find what it names?  The first word of a command
 * is looked up in PATH, unless it has a slash; one that changes directory
 * knows where it goes.
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

	if (!is_plain_word(command)) {
		if (check_words(command, err) < 0)
			return NULL;
	} else if (command[0] != '/' && strchr(command, '/')) {
		return absolute(command, err);
	}
	text = strdup(command);
	if (!text)
		err_set(err, "OutOfMemory", "out of memory");
	return text;
}

static bool is_variable(const char *entry, const char *name, size_t n)
{
	return strncmp(entry, name, n) == 0 && entry[n] == '=';
}

static bool is_secret(const char *entry)
{
	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++)
		if (is_variable(entry, secrets[i], strlen(secrets[i])))
			return true;
	return false;
}

static bool is_among(const char *entry, const char *const *list)
{
	size_t n = strcspn(entry, "=");

	for (; *list; list++)
		if (is_variable(*list, entry, n))
			return true;
	return false;
}

const char **command_environment(const char *const *over,
				 bool with_credentials)
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
		const char *entry = environ[i];

		if (strncmp(entry, "S3EV_", 5) != 0 && !is_among(entry, over) &&
		    (with_credentials || !is_secret(entry)))
			list[count++] = entry;
	}
	return list;
}

static void say(const char *text)
{
	(void)!write(STDERR_FILENO, text, strlen(text));
}

void command_exec(const char *command, const char **environment)
{
	const char *argv[] = { command, NULL, NULL, NULL };
	const char *why;
	int status;

	if (!is_plain_word(command)) {
		argv[0] = "sh";
		argv[1] = "-c";
		argv[2] = command;
	}
	execvpe(argv[0], (char *const *)(uintptr_t)argv,
		(char *const *)(uintptr_t)environment);
	status = errno == ENOENT ? 127 : 126;
	why = strerrordesc_np(errno);
	say(command);
	say(": cannot be executed: ");
	say(why ? why : "?");
	say("\n");
	_exit(status);
}
