/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict: what a processor says about an object.
 *
 * A processor that is run for each object says by its exit status whether the
 * object is good.  It may describe the fault on descriptor 3, as one JSON
 * object:
 *
 *	{"reason":"...","code":"...","line":3,"column":1,"byte":17,"count":2}
 *
 * A worker is asked about one record after the other.  It answers each with one
 * line of JSON, which may also have the record's id:
 *
 *	{} or {"good":true}
 *	{"bad":{"reason":"...","code":"...","line":3}}
 *	{"failed":{"message":"...","retry":false}}
 */
#ifndef S3EV_VERDICT_H
#define S3EV_VERDICT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "record/record.h"

enum { VERDICT_BAD_MAX = 4 << 10, VERDICT_CODE_MAX = 64 };

/*
 * Read the description of a fault into bad: reason (a string), code (at most
 * VERDICT_CODE_MAX letters, digits, '.', '_' and '-'), line, column, byte and
 * count (numbers without sign, fraction and exponent).  Other members are
 * ignored; a member that is absent, or no string where one is needed, leaves
 * bad as it is.  -1 with "InvalidNote", and nothing set, if text is not one
 * JSON object of at most VERDICT_BAD_MAX bytes, or a member is not as above.
 */
int verdict_read_bad(struct str text, struct arena *arena,
		     struct record_bad *bad, struct err *err);

/*
 * The outcome that a worker's line tells: RECORD_GOOD, RECORD_BAD with bad set,
 * or RECORD_FAILED with err set; texts lie in the arena.  A line that is not
 * valid gives RECORD_FAILED with "InvalidAnswer": it tells two outcomes, or one
 * that is not an object, or none and something else, or has the id of another
 * record.
 */
enum record_outcome verdict_read(struct str line, struct str id,
				 struct arena *arena, struct record_bad *bad,
				 struct err *err);

#endif
