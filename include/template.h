/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template: the key an object gets at its destination.
 *
 * A key is a pure function of the record, so that doing the work again writes
 * to the same place.  In a template these stand for parts of the record:
 *
 *	{key}		the whole key		in/2026/a.tar.gz
 *	{dir}		up to the last slash	in/2026/
 *	{base}		the rest		a.tar.gz
 *	{stem} {ext}	base, cut before its last dot: a.tar and .gz
 *	{bucket} {id} {version} {sequencer}
 *	{yyyy} {mm} {dd} {hh}	the event's time, UTC
 *
 * So {dir}{stem}{ext} is {key}.  A part that the record does not know is
 * "null", which is also S3's own name for the version of an unversioned
 * object.  "{{" is a brace.
 */
#ifndef S3EV_TEMPLATE_H
#define S3EV_TEMPLATE_H

#include "arena.h"
#include "buf.h"
#include "err.h"
#include "record.h"
#include "str.h"

/* -1 with "InvalidTemplate" if a name in braces is none of the above. */
int template_check(const char *template, struct err *err);

/*
 * Append the key.  One longer than RECORD_KEY_MAX bytes is cut between two
 * characters and ends in "~" and the id, so that two long keys stay two.
 */
void template_expand(struct buf *key, const char *template,
		     const struct record *record);

/*
 * The same, in the arena.  -1 with "InvalidKey" if the template leaves nothing
 * of it.
 */
int template_key(const char *template, const struct record *record,
		 struct arena *arena, struct str *key, struct err *err);

/*
 * Append the name for a second object whose key is taken: "~" and the id go
 * before the extension, and what is too long is cut from the stem.
 */
void template_second(struct buf *key, struct str taken,
		     const struct record *record);

/*
 * Append the name of what explains the object at key: ".why.json" behind it.
 * If that is too long, the key is cut and gets "~" and the id before.
 */
void template_why(struct buf *why, struct str key,
		  const struct record *record);

#endif
