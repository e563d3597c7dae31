/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE		/* explicit_bzero */

#include "config/config_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

void config_source_warn(struct config *config, const char *warning)
{
	size_t n = 0;

	while (config->warnings[n])
		n++;
	if (n < CONFIG_MAX_WARNINGS)
		config->warnings[n] = warning;
}

/* Settings */

int config_source_variable(const char *name, struct str *value, struct err *err)
{
	struct str s = str_of(getenv(name));

	while (s.n > 0 && *s.p == ' ') {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && s.p[s.n - 1] == ' ')
		s.n--;
	*value = s.n > 0 ? s : STR_NONE;
	if (str_has_control(s))
		return err_set(err, "InvalidConfig",
			       "%s: control character in the value", name);
	return 0;
}

/* Set *entry to found, or to NULL if it has no value. */
static int checked(const struct ini_entry *found,
		   const struct ini_entry **entry, struct err *err)
{
	*entry = found && found->value.n > 0 ? found : NULL;
	if (*entry && str_has_control(found->value))
		return err_set(err, "InvalidConfig",
			       "%s:%u: %.*s: control character in the value, "
			       "or more than one line", found->file,
			       found->line, STR_FMT(found->name));
	return 0;
}

int config_source_property(const struct config *config, struct str profile,
			   const char *name, const struct ini_entry **entry,
			   struct err *err)
{
	return checked(ini_find(config->ini, INI_PROFILE, profile, NULL, name),
		       entry, err);
}

/* Copy a value, so that it ends in NUL. */
static int keep(struct config *config, struct str value, const char *from,
		struct config_text *text, struct err *err)
{
	text->value = arena_dup(&config->arena, value);
	text->from = from;
	return text->value.p && from ? 0 : err_memory(err);
}

int config_source_text(struct config *config, enum ini_kind kind,
		       struct str section, const char *parent,
		       const char *name, struct config_text *text,
		       struct err *err)
{
	const struct ini_entry *entry;

	if (checked(ini_find(config->ini, kind, section, parent, name),
		    &entry, err) < 0)
		return -1;
	if (!entry)
		return 0;
	return keep(config, entry->value,
		    arena_printf(&config->arena, "%s:%u", entry->file,
				 entry->line), text, err);
}

int config_source_setting(struct config *config, const char *variable,
			  const char *parent, const char *name,
			  struct config_text *text, struct err *err)
{
	struct str value = STR_NONE;

	*text = (struct config_text){ STR_NONE, "default" };
	if (variable && config_source_variable(variable, &value, err) < 0)
		return -1;
	if (value.p)
		return keep(config, value, variable, text, err);
	return name ? config_source_text(config, INI_PROFILE,
					 config->profile.value, parent,
					 name, text, err) : 0;
}

/* Files */

/*
 * Can somebody else write the file?  The user's own group does not count: as a
 * rule it has no other member.
 */
static bool is_open(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return true;
	return (st.st_mode & S_IWOTH) ||
	       ((st.st_mode & S_IWGRP) && st.st_gid != getegid());
}

/* A missing file is empty; one that cannot be read too, but with a warning. */
static int load_file(struct config *config, enum ini_file kind,
		     const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buf text;
	int status = 0;

	buf_init(&text, INI_MAX_TEXT + 32768);
	buf_room(&text, 65536);	/* or growing would leave copies of keys */
	if (fd >= 0 && file_read(fd, &text) == 0) {
		config->file_open[kind] = is_open(fd);
		status = ini_add(config->ini, kind, path, buf_str(&text), err);
	} else if (fd >= 0 && errno == EFBIG) {
		status = err_set(err, "InvalidConfig", "%s: larger than %d "
				 "bytes", path, INI_MAX_TEXT);
	} else if (fd >= 0 || (errno != ENOENT && errno != ENOTDIR)) {
		config_source_warn(config, arena_printf(&config->arena,
			"%s: cannot be read: %s", path, strerror(errno)));
	}
	if (config->file_open[kind])
		config_source_warn(config, arena_printf(&config->arena,
			"%s: others can write this file", path));
	if (fd >= 0)
		close(fd);
	if (text.p)
		explicit_bzero(text.p, text.size);
	buf_free(&text);
	return status;
}

/* Set *path to the variable's value, else to the usual file below HOME. */
static int file_path(struct config *config, const char *variable,
		     const char *usual, const char **path, struct err *err)
{
	struct str value;
	bool at_home = true;

	*path = NULL;
	if (config_source_variable(variable, &value, err) < 0)
		return -1;
	if (!value.p)
		value = str_of(usual);
	else if (str_has_prefix(value, STR("~/")))
		value = (struct str){ value.p + 2, value.n - 2 };
	else
		at_home = false;
	if (at_home && !config->home)
		return 0;
	*path = arena_printf(&config->arena, "%s%s%.*s",
			     at_home ? config->home : "", at_home ? "/" : "",
			     STR_FMT(value));
	return *path ? 0 : err_memory(err);
}

int config_source_files(struct config *config, struct err *err)
{
	const char *path;
	struct str home;

	if (config_source_variable("HOME", &home, err) < 0)
		return -1;
	config->home = home.p ? arena_dup(&config->arena, home).p : NULL;
	if (home.p && !config->home)
		return err_memory(err);
	if (file_path(config, "AWS_CONFIG_FILE", ".aws/config", &path,
		      err) < 0 ||
	    (path && load_file(config, INI_CONFIG, path, err) < 0) ||
	    file_path(config, "AWS_SHARED_CREDENTIALS_FILE",
		      ".aws/credentials", &path, err) < 0 ||
	    (path && load_file(config, INI_CREDENTIALS, path, err) < 0))
		return -1;
	for (size_t i = 0; ini_warning(config->ini, i); i++)
		config_source_warn(config, ini_warning(config->ini, i));
	return 0;
}
