/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* realpath */
#include "processor/confine.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"
#include "processor/runnable.h"

/* A script's interpreter may be a script, as those of pyenv are. */
enum { DEPTH_MAX = 5, COMMAND_MAX = 4 << 20 };

/* What stands between the words of a shell command. */
#define BETWEEN " \t\n|&;()<>\"'`={}"

/* Programs, their libraries and settings; what the machine is. */
static const char *const of_system[] = {
	"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/usr", "/etc",
	"/nix/store", "/gnu/store", "/run/current-system", "/snap",
	"/var/lang", "/var/runtime", "/var/task",
	"/proc", "/sys/devices/system", "/sys/fs/cgroup",
};

/* Names and certificates, where the system keeps them elsewhere. */
static const char *const of_network[] = {
	"/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager",
	"/var/lib/ca-certificates",
};

static const char *const devices[] = {
	"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
};

/* Beside a directory bin: what its programs load. */
static const char *const beside_bin[] = {
	"/lib", "/lib64", "/libexec", "/pyvenv.cfg",
};

struct work {
	struct sandbox *sandbox;
	const struct confine *what;
	bool no_memory;
};

/* Does it lie below one of them, as /bin often does below /usr? */
static bool is_of_system(const char *path)
{
	char real[PATH_MAX];

	if (!realpath(path, real))
		return false;
	path = real;
	for (size_t i = 0; i < sizeof(of_system) / sizeof(*of_system); i++) {
		size_t n = strlen(of_system[i]);

		if (strncmp(path, of_system[i], n) == 0 && path[n] == '/')
			return true;
	}
	return false;
}

/* A place that is not there is none. */
static void allow(struct work *work, const char *path, enum sandbox_right right)
{
	struct err err;

	if (sandbox_allow(work->sandbox, path, right, &err) < 0 &&
	    err_is(&err, ERR_MEMORY))
		work->no_memory = true;
}

static void allow_all(struct work *work, const char *const *paths, size_t n,
		      enum sandbox_right right)
{
	for (size_t i = 0; i < n; i++)
		if (!is_of_system(paths[i]))
			allow(work, paths[i], right);
}

/* Directories */

/* Does path lie in the directory, or is it that? */
static bool is_in(const char *path, const char *directory)
{
	char real[PATH_MAX];
	size_t n = strlen(directory);

	if (!path || !realpath(path, real))
		return false;
	return strncmp(real, directory, n) == 0 &&
	       (real[n] == '/' || real[n] == '\0');
}

static bool is_too_wide(const struct work *work, const char *directory)
{
	char real[PATH_MAX];

	return !realpath(directory, real) || strcmp(real, "/") == 0 ||
	       is_in(getenv("HOME"), real) ||
	       is_in(work->what->temporary, real);
}

static void allow_directory(struct work *work, const char *directory)
{
	if (!is_of_system(directory) && !is_too_wide(work, directory))
		allow(work, directory, SANDBOX_READ);
}

static void allow_beside(struct work *work, const char *prefix)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(beside_bin) / sizeof(*beside_bin); i++)
		if (snprintf(path, sizeof(path), "%s%s", prefix,
			     beside_bin[i]) < (int)sizeof(path))
			allow_directory(work, path);
}

/* Cut off the last part of a path and return it; NULL if it is the only one. */
static const char *cut_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return NULL;
	*slash = '\0';
	return slash + 1;
}

/*
 * Give a directory of programs, and what belongs to it.  The bin of a virtual
 * environment has links to programs of the system, but a lib of its own.  The
 * directory is cut.
 */
static void allow_programs(struct work *work, char *directory)
{
	const char *name;

	if (is_of_system(directory))
		return;
	allow_directory(work, directory);
	name = cut_last(directory);
	if (name && strcmp(name, "shims") == 0)
		allow_directory(work, directory);
	else if (name && (strcmp(name, "bin") == 0 || strcmp(name, "sbin") == 0))
		allow_beside(work, directory);
}

static void allow_home_of(struct work *work, const char *path)
{
	char directory[PATH_MAX];

	snprintf(directory, sizeof(directory), "%s", path);
	if (!cut_last(directory) || is_of_system(directory))
		return;
	allow(work, path, SANDBOX_READ);
	allow_programs(work, directory);
}

/* Programs */

static void allow_word(struct work *work, const char *word, int depth);

/* The words of a "#!" line: the interpreter, or env and its arguments. */
static void allow_interpreter(struct work *work, const char *path, int depth)
{
	char line[RUNNABLE_LINE_SIZE], *word, *rest = line + 2;

	runnable_read_line(path, line);
	if (strncmp(line, "#!", 2) != 0)
		return;
	while ((word = strsep(&rest, " \t\r")) != NULL)
		allow_word(work, word, depth);
}

static void allow_file(struct work *work, const char *path, int depth)
{
	char real[PATH_MAX];
	struct stat st;

	if (depth > DEPTH_MAX || !realpath(path, real) || stat(real, &st) < 0)
		return;
	if (S_ISDIR(st.st_mode)) {
		allow_directory(work, real);
	} else if (S_ISREG(st.st_mode)) {
		allow_home_of(work, path);
		allow_home_of(work, real);
		allow_interpreter(work, real, depth + 1);
	}
}

/* A word of a command may be a path, or the name of a program. */
static void allow_word(struct work *work, const char *word, int depth)
{
	char path[PATH_MAX];

	if (word[0] == '/')
		allow_file(work, word, depth);
	else if (word[0] != '\0' && !strchr(word, '/') &&
		 runnable_find(str_of(word), path))
		allow_file(work, path, depth);
}

/* How a command may write the directory that we are in. */
static const char *const old_directory[] = {
	"\"$OLDPWD\"", "\"${OLDPWD}\"", "$OLDPWD", "${OLDPWD}",
};

static size_t names_old_directory(const char *text)
{
	for (size_t i = 0; i < sizeof(old_directory) / sizeof(*old_directory);
	     i++)
		if (strncmp(text, old_directory[i],
			    strlen(old_directory[i])) == 0)
			return strlen(old_directory[i]);
	return 0;
}

/* The command with the directory where it names that. */
static void expand(struct buf *text, const char *command, const char *here)
{
	size_t n;

	while (*command) {
		n = names_old_directory(command);
		if (n > 0)
			buf_puts(text, here);
		else
			buf_putc(text, *command);
		command += n > 0 ? n : 1;
	}
}

static void allow_command(struct work *work, const char *command)
{
	char here[PATH_MAX], *rest, *word;
	struct buf text;

	if (!getcwd(here, sizeof(here)))
		here[0] = '\0';
	if (here[0] && strstr(command, "OLDPWD"))
		allow_directory(work, here);
	buf_init(&text, COMMAND_MAX);
	expand(&text, command, here);
	if (!buf_cstr(&text)) {
		work->no_memory = true;
		return;
	}
	/* A path with blanks that is the command is one word. */
	allow_word(work, command, 0);
	rest = text.p;
	while (rest && (word = strsep(&rest, BETWEEN)) != NULL)
		allow_word(work, word, 0);
	buf_free(&text);
}

static void allow_path(struct work *work)
{
	struct str rest = str_of(getenv("PATH")), directory;
	char path[PATH_MAX];

	while ((directory = str_next(&rest, ':')).p) {
		snprintf(path, sizeof(path), "%.*s", STR_FMT(directory));
		if (path[0] == '/')
			allow_programs(work, path);
	}
}

static int allow_named(struct sandbox *sandbox, const char *const *paths,
		       enum sandbox_right right, struct err *err)
{
	for (; *paths; paths++)
		if (sandbox_allow(sandbox, *paths, right, err) < 0)
			return -1;
	return 0;
}

int confine(struct sandbox *sandbox, const struct confine *what,
	    struct err *err)
{
	struct work work = { .sandbox = sandbox, .what = what };

	allow_all(&work, of_system, sizeof(of_system) / sizeof(*of_system),
		  SANDBOX_READ);
	allow_all(&work, devices, sizeof(devices) / sizeof(*devices),
		  SANDBOX_USE);
	if (sandbox->has_network)
		allow_all(&work, of_network,
			  sizeof(of_network) / sizeof(*of_network),
			  SANDBOX_READ);
	allow_directory(&work, "/opt");
	allow_path(&work);
	/* Links to it, as in the bundle for Lambda, are our other tools. */
	allow_file(&work, "/proc/self/exe", 0);
	if (what->command)
		allow_command(&work, what->command);
	if (work.no_memory)
		return err_memory(err);
	return allow_named(sandbox, what->readable, SANDBOX_READ, err) < 0 ?
		-1 : allow_named(sandbox, what->writable, SANDBOX_WRITE, err);
}
