/* SPDX-License-Identifier: Apache-2.0 */
/*
 * known_ids: which ids were seen, in memory that does not grow.
 *
 * A table of KNOWN_IDS digests in rows of a few.  Where a row is full, the id that
 * was added first makes room: what is forgotten costs work that is done again, and
 * never a message.
 */
#ifndef S3EV_KNOWN_IDS_H
#define S3EV_KNOWN_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { KNOWN_IDS = 16384 };

struct known_id {
	uint64_t a, b;
};

struct known_ids {
	struct known_id *ids;		/* private */
	unsigned char *oldest;
};

/* What stands for this text. */
struct known_id known_id(struct str text);

bool known_id_eq(struct known_id a, struct known_id b);

/* -1 without memory; known_ids_free() is due then, too. */
int known_ids_init(struct known_ids *known);

/* Also of a struct that is all zero. */
void known_ids_free(struct known_ids *known);

bool known_ids_has(const struct known_ids *known, struct str text);

void known_ids_add(struct known_ids *known, struct str text);

#endif
