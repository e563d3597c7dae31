/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check: the built-in checks of an object's data.
 *
 * The room check needs no program and no network: bytes in, verdict out.
 *
 * Each reads the bytes of an object once, in pieces cut anywhere, and needs the
 * same memory for any size.  Several run side by side.  The check that needs
 * the fewest bytes to find a fault decides; of two that need as many, the first
 * in enum check_kind, unless it has only seen a NUL.  So the result does not
 * depend on how pieces are cut.
 */
#ifndef S3EV_CHECK_H
#define S3EV_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/globs.h"
#include "base/str.h"
#include "base/text.h"
#include "record/record.h"

enum check_kind {
	CHECK_SIZE, CHECK_ETAG, CHECK_GZIP, CHECK_UTF8, CHECK_JSON,
	CHECK_NDJSON, CHECK_CSV,
	CHECK_KINDS	/* how many there are */
};

/* Instead of a byte that separates the fields of CSV. */
enum {
	CHECK_DELIMITER_COMMA = 0,	/* the comma of RFC 4180 */
	CHECK_DELIMITER_AUTO = -1	/* the first row shows which */
};

/* Which checks to make; see check_option.h. */
struct check_rules {
	struct globs names;		/* of keys; none: any */
	unsigned long long min_size;
	unsigned long long max_size;
	bool has_max_size;
	unsigned kinds;			/* 1u << CHECK_ETAG and so on */
	bool allow_bom;			/* a byte order mark before JSON */
	unsigned long long columns;	/* of --csv; 0: as in the first row */
	int delimiter;			/* of --csv, or CHECK_DELIMITER_... */
	bool skip_folders;
	bool unzip;			/* check the content of gzip files */
	unsigned long long max_unzipped;
};

/* The name of the option without dashes; "size" for CHECK_SIZE. */
const char *check_name(enum check_kind kind);

/*
 * Check what is known without the object's bytes: name and size.  True if it is
 * bad; by is then the name of the check, and bad has text in the arena.
 */
bool check_record(const struct check_rules *rules, const struct record *record,
		  struct arena *arena, struct record_bad *bad,
		  const char **by);

/* Is there anything to check? */
bool check_has_any(const struct check_rules *rules);

/* Are sizes to be checked? */
bool check_has_sizes(const struct check_rules *rules);

/* The kinds that have to read the bytes of the object, as bits. */
unsigned check_kinds(const struct check_rules *rules,
		     const struct record *record);

/* Append the names of the checks, "checks":["utf8"]; none: nothing. */
void check_put(struct buf *members, const struct check_rules *rules);

struct check;

/* Several checks of the same bytes. */
struct checks {
	struct check *list;		/* in the arena */
	size_t n;
	struct text_place place;	/* of the next byte */

	/* The fault, once one is found; its text lies in the arena. */
	struct record_bad bad;
	const char *by;
};

/*
 * Begin the checks of kinds (1u << CHECK_UTF8).  Borrows everything.  -1 with
 * err if there is no memory.
 */
int checks_begin(struct checks *checks, const struct check_rules *rules,
		 unsigned kinds, const struct record *record,
		 struct arena *arena, struct err *err);

/*
 * Check the next n bytes.  Returns -1 if they are bad; by names the check that
 * found it.  If bad.code is "OutOfMemory", nothing is known about the data.
 */
int checks_update(struct checks *checks, const void *bytes, size_t n);

/* Drop a check and go on without it; false if it is not there. */
bool checks_drop(struct checks *checks, enum check_kind kind);

/* The data has ended.  Returns -1 if it is bad. */
int checks_end(struct checks *checks);

/* Free what is not in the arena. */
void checks_free(struct checks *checks);

#endif
