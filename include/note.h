/* SPDX-License-Identifier: Apache-2.0 */
/*
 * note: what a processor says of the fault it found, as one JSON object.
 */
#ifndef S3EV_NOTE_H
#define S3EV_NOTE_H

#include "arena.h"
#include "err.h"
#include "record.h"
#include "str.h"

enum { NOTE_MAX = 4 << 10, NOTE_CODE_MAX = 64 };

/*
 * Set what text says of reason (text), code (at most NOTE_CODE_MAX letters,
 * digits, '.', '_' and '-'), line, column, byte and count (numbers without
 * sign, fraction and exponent); other members are not looked at, and what is
 * absent, or no text where it must be, stays as it is.  -1 with "InvalidNote"
 * when it is not one JSON object of at most NOTE_MAX bytes, or one of these is
 * something else; then nothing is set.
 */
int note_read(struct str text, struct arena *arena, struct record_bad *bad,
	      struct err *err);

#endif
