/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dest_key: the key an object gets at its destination.
 *
 * A key is a pure function of the record, so that doing the work again writes
 * to the same place.  Text is borrowed; results are appended to the caller's
 * buffer or lie in its arena.  A template may name these parts of the record:
 *
 *	{key}		the whole key		in/2026/a.tar.gz
 *	{dir}		up to the last slash	in/2026/
 *	{base}		the rest		a.tar.gz
 *	{stem} {ext}	base, cut before its last dot: a.tar and .gz
 *	{bucket} {id} {version} {sequencer}
 *	{yyyy} {mm} {dd} {hh}	the event's time, UTC
 *
 * So {dir}{stem}{ext} is {key}.  Of a part that is not there or is empty the
 * template may say what stands for it: {yyyy|unknown}.  Where it does not, a
 * record without that part gets no key, except that {version} is then "null",
 * S3's own name for the version of an unversioned object.  "{{" becomes a brace.
 */
#ifndef S3EV_DEST_KEY_H
#define S3EV_DEST_KEY_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "record/record.h"

/*
 * Returns -1 with "InvalidTemplate" if the template is empty, a name in braces
 * is not one of the above, or a brace is not closed.
 */
int dest_key_check(const char *template, struct err *err);

/*
 * Append the key.  A key longer than RECORD_KEY_MAX bytes is cut between two
 * characters and ends in "~" and the id, so that two long keys stay different.
 * -1 with "InvalidTemplate" if the record lacks a part.
 */
int dest_key_expand(struct buf *key, const char *template,
		    const struct record *record, struct err *err);

/*
 * The same, in the arena.  Returns -1 with "InvalidKey", too, if the key would
 * be empty.
 */
int dest_key_key(const char *template, const struct record *record,
		 struct arena *arena, struct str *key, struct err *err);

/*
 * Do other objects get other keys?  So it is with {id}, and with the whole key:
 * {key}, {dir}{base} or {dir}{stem}{ext}.  With several source buckets {bucket}
 * has to be there, too.
 */
bool dest_key_is_of_one(const char *template, bool has_buckets);

/* Is key the one that the template gives the record, or its second key? */
bool dest_key_is_of(struct str key, const char *template,
		    const struct record *record);

/*
 * Append a second key for an object whose first key is taken: "~" and the id go
 * before the extension.  If that is too long, the stem is cut.
 */
void dest_key_second(struct buf *key, struct str taken,
		     const struct record *record);

/* The same as a text in arena, absent if memory is out. */
struct str dest_key_second_in(struct str taken, const struct record *record,
			      struct arena *arena);

/*
 * Append the key of the explanation beside the object at key: key, then
 * ".why.json".  If that is too long, key is cut, and "~" and the id follow it.
 */
void dest_key_why(struct buf *why, struct str key,
		  const struct record *record);

/* May an explanation have this key? */
bool dest_key_is_why(struct str key);

#endif
