/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ini: the grammar of AWS's shared config and credentials files.
 *
 * Text goes in, one flat list of properties comes out; nothing here opens a
 * file.  Files are added one after the other: what is read later wins over
 * what was read before, property by property, so add the config file first
 * and the credentials file second.
 *
 * Sections are [profile NAME] (or [default]), [sso-session NAME] and
 * [services NAME] in a config file, [NAME] in a credentials file.  A section
 * that is neither, or whose name or property is not well named, is passed over
 * with a warning.  [profile default] replaces [default], whichever comes
 * first.  A line that fits no rule is an error, with its number.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 */
#ifndef S3EV_INI_H
#define S3EV_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "str.h"

enum {
	INI_MAX_TEXT = 1 << 20,		/* bytes of one file */
	INI_MAX_WARNINGS = 32		/* more are not kept */
};

enum ini_file { INI_CONFIG, INI_CREDENTIALS };

enum ini_kind { INI_PROFILE, INI_SSO_SESSION, INI_SERVICES };

/*
 * One property.  Names are in lower case, sections as they are written.  A
 * section without any property has one entry with an absent name.
 */
struct ini_entry {
	enum ini_kind kind;
	struct str section;
	struct str parent;	/* the property it is nested in; or absent */
	struct str name;
	struct str value;	/* lines joined by '\n' where it goes on;
				 * empty where sub-properties follow */
	const char *file;	/* as given to ini_add() */
	enum ini_file file_kind;
	unsigned line;		/* from 1 */
	bool bare;		/* private: in a [default] without prefix */
};

struct ini;

/* Nothing in it yet.  NULL if memory is out. */
struct ini *ini_new(void);

/* Memory is wiped: there may have been keys in it. */
void ini_free(struct ini *ini);

/*
 * Read the text of a file; name is for messages.  Both are copied.  Returns
 * -1 with "InvalidConfig" and "NAME:LINE: why"; what was read before that
 * line stays.
 */
int ini_add(struct ini *ini, enum ini_file kind, const char *name,
	    struct str text, struct err *err);

bool ini_has_section(const struct ini *ini, enum ini_kind kind,
		     struct str section);

/*
 * The property of that name (lower case), or NULL; parent is NULL for one
 * that is not nested.
 */
const struct ini_entry *ini_find(const struct ini *ini, enum ini_kind kind,
				 struct str section, const char *parent,
				 const char *name);

/*
 * Entry number i in the order they were read, or NULL behind the last.  One
 * that a later one replaced is still among them.
 */
const struct ini_entry *ini_entry_at(const struct ini *ini, size_t i);

/* "NAME:LINE: what was passed over" number i, or NULL behind the last. */
const char *ini_warning(const struct ini *ini, size_t i);

#endif
