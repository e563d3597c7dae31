/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ini: the grammar of AWS's shared config and credentials files.
 *
 * Text goes in, one flat list of properties comes out; nothing here opens a
 * file.  A property that is read later replaces one that was read before, so
 * add the config file first and the credentials file second.
 *
 * Sections are [profile NAME] (or [default]), [sso-session NAME] and
 * [services NAME] in a config file, [NAME] in a credentials file, where a name
 * may have blanks.  Other sections, and sections and properties with invalid
 * names, are skipped with a warning.  [profile default] replaces [default],
 * whichever comes first.  A line that fits no rule is an error, with its number.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 */
#ifndef S3EV_INI_H
#define S3EV_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

enum {
	INI_MAX_TEXT = 1 << 20,		/* bytes of one file */
	INI_MAX_WARNINGS = 32		/* no more are kept */
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
	struct str value;	/* several lines are joined by '\n';
				 * empty if sub-properties follow */
	const char *file;	/* as given to ini_add() */
	enum ini_file file_kind;
	unsigned line;		/* from 1 */
	bool bare;		/* private: in a [default] without prefix */
};

struct ini;

/* An empty list, or NULL if there is no memory. */
struct ini *ini_new(void);

/* Wipes the memory, which may hold keys. */
void ini_free(struct ini *ini);

/*
 * Add the text of a file; name is for messages.  Both are copied.  -1 with
 * "InvalidConfig" and "NAME:LINE: why"; properties before that line stay.
 */
int ini_add(struct ini *ini, enum ini_file kind, const char *name,
	    struct str text, struct err *err);

bool ini_has_section(const struct ini *ini, enum ini_kind kind,
		     struct str section);

/*
 * The property of this name, in lower case, or NULL.  parent is the name of the
 * property it is nested in, or NULL.
 */
const struct ini_entry *ini_find(const struct ini *ini, enum ini_kind kind,
				 struct str section, const char *parent,
				 const char *name);

/*
 * Entry number i in the order of reading, NULL after the last.  Entries that a
 * later one replaces are among them.
 */
const struct ini_entry *ini_entry_at(const struct ini *ini, size_t i);

/* Warning number i, "NAME:LINE: what was skipped", NULL after the last. */
const char *ini_warning(const struct ini *ini, size_t i);

#endif
