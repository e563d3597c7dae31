/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer: what a long-lived processor says of one record, a line of JSON.
 *
 *	{} or {"good":true}
 *	{"bad":{"reason":"...","code":"...","line":3}}		see note.h
 *	{"failed":{"message":"...","retry":false}}
 *
 * It may have the record's id, too.
 */
#ifndef S3EV_ANSWER_H
#define S3EV_ANSWER_H

#include "arena.h"
#include "err.h"
#include "record.h"
#include "str.h"

/*
 * The outcome that line tells, RECORD_BAD with bad and RECORD_FAILED with err
 * set, their texts in the arena.  RECORD_FAILED with "InvalidAnswer" if it is
 * no such line: it tells two outcomes, or one that is no object, or has the id
 * of another record.
 */
enum record_outcome answer_read(struct str line, struct str id,
				struct arena *arena, struct record_bad *bad,
				struct err *err);

#endif
