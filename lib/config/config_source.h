/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_source: the environment and the shared files, value by value.
 *
 * Whatever is read here has no control character in it, so that it may go into
 * a header or a line.
 */
#ifndef S3EV_CONFIG_SOURCE_H
#define S3EV_CONFIG_SOURCE_H

#include "base/err.h"
#include "base/str.h"
#include "config/config.h"
#include "format/ini.h"

/*
 * A variable of the environment, without the blanks around it; absent if it
 * is not set.  Borrowed from the environment.  -1 with "InvalidConfig" if it
 * holds a control character.
 */
int config_source_variable(const char *name, struct str *value,
			   struct err *err);

/*
 * A property of a profile; *entry is set to NULL if there is none or its value
 * is empty.  -1 with "InvalidConfig" if it holds a control character.  Borrowed
 * from config, not ended by NUL.
 */
int config_source_property(const struct config *config, struct str profile,
			   const char *name, const struct ini_entry **entry,
			   struct err *err);

/*
 * A setting: the variable, else the property of the profile in use, or of
 * what is nested in its property parent.  variable and parent may be NULL.
 */
int config_source_setting(struct config *config, const char *variable,
			  const char *parent, const char *name,
			  struct config_text *text, struct err *err);

/* For config.c */

/*
 * Read the shared files into config->ini, set home and file_open, and warn.  A
 * missing file counts as empty; one that cannot be read too, with a warning.
 */
int config_source_files(struct config *config, struct err *err);

/* Add a warning, which is borrowed; too many are dropped. */
void config_source_warn(struct config *config, const char *warning);

/*
 * Set text to a property of any kind of section, checked and copied; leave text
 * alone if there is none.
 */
int config_source_text(struct config *config, enum ini_kind kind,
		       struct str section, const char *parent,
		       const char *name, struct config_text *text,
		       struct err *err);

#endif
