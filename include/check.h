/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check: the checks that need no program.
 *
 * Each sees the bytes of an object once, in pieces cut anywhere, and needs the
 * same memory whatever their number.  Several run side by side; the one that
 * finds a fault in the fewest bytes decides, of two that do so at the same
 * byte the first in enum check_kind.  So the answer does not depend on how the
 * pieces are cut.
 */
#ifndef S3EV_CHECK_H
#define S3EV_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "buf.h"
#include "err.h"
#include "globs.h"
#include "record.h"
#include "str.h"
#include "text.h"

enum check_kind {
	CHECK_SIZE, CHECK_ETAG, CHECK_GZIP, CHECK_UTF8, CHECK_JSON, CHECK_NDJSON, CHECK_CSV,
	CHECK_KINDS	/* how many there are */
};

/* What is asked for; see check_option.h. */
struct check_rules {
	struct globs names;		/* of keys; none: any */
	unsigned long long min_size;
	unsigned long long max_size;
	bool has_max_size;
	unsigned kinds;			/* 1u << CHECK_ETAG and so on */
	unsigned long long columns;	/* of --csv; 0: as in the first row */
	bool skip_folders;
	bool unzip;			/* look at what is in gzip files */
	unsigned long long max_unzipped;
};

/* The name of the option without dashes; "size" of CHECK_SIZE. */
const char *check_name(enum check_kind kind);

/*
 * What can be said without the object.  True if it is bad; by is then the name
 * of the check, and the text of bad lies in the arena.
 */
bool check_record(const struct check_rules *rules, const struct record *record,
		  struct arena *arena, struct record_bad *bad,
		  const char **by);

/* Is there anything to check? */
bool check_has_any(const struct check_rules *rules);

/* An empty object that stands for a folder: its key ends in a slash. */
bool check_is_folder(const struct record *record);

/* Which kinds have to see the bytes of the object. */
unsigned check_kinds(const struct check_rules *rules,
		     const struct record *record);

/* Append which checks there are: "checks":["utf8"]; nothing if none. */
void check_put(struct buf *members, const struct check_rules *rules);

struct check;

/* Several on the same bytes. */
struct checks {
	struct check *list;		/* in the arena */
	size_t n;
	struct text_place place;	/* of the next byte */

	/* The fault, once one is found; text in the arena. */
	struct record_bad bad;
	const char *by;
};

/*
 * Begin with those of kinds (1u << CHECK_UTF8).  Borrows everything.  -1 with
 * err if memory is out.
 */
int checks_begin(struct checks *checks, const struct check_rules *rules,
		 unsigned kinds, const struct record *record,
		 struct arena *arena, struct err *err);

/*
 * The next n bytes.  -1: bad, and by says who found it (or bad.code is
 * "OutOfMemory", which says nothing of the data).
 */
int checks_update(struct checks *checks, const void *bytes, size_t n);

/* Go on without this one, if it is there; was it? */
bool checks_drop(struct checks *checks, enum check_kind kind);

/* That was all.  -1: bad. */
int checks_end(struct checks *checks);

/* Free what does not lie in the arena. */
void checks_free(struct checks *checks);

#endif
