/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_source: where config_load() finds what it reads.
 *
 * Also the home of config_variable(), config_property() and config_setting(),
 * which are for everybody and described in config.h.
 */
#ifndef S3EV_CONFIG_SOURCE_H
#define S3EV_CONFIG_SOURCE_H

#include "config.h"

/*
 * Read the shared files into config->ini, set home and file_open, and warn.  A
 * file that cannot be read is one that is not there, with a warning.
 */
int config_source_files(struct config *config, struct err *err);

/* Add a warning, which is borrowed; those that are too many are dropped. */
void config_source_warn(struct config *config, const char *warning);

/* Set text to a property, checked and copied; leave it if there is none. */
int config_source_property(struct config *config, enum ini_kind kind,
			   struct str section, const char *parent,
			   const char *name, struct config_text *text,
			   struct err *err);

#endif
