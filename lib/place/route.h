/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route: what a record says of where its object was put, as "route", and what
 * people read of it with -v.
 */
#ifndef S3EV_ROUTE_H
#define S3EV_ROUTE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "place/place.h"

/* All borrowed. */
struct route {
	const struct place *place;	/* where it is, or is to be */
	bool is_bad;
	bool by_ledger;			/* which has said that it is there */
	struct str endpoint;		/* of another store, or absent */
	struct str why;			/* the explanation's key, or absent */
};

/* Append "route" to a record's members. */
void route_put(struct buf *members, const struct route *route);

/* "bucket/key, already"; an absent str if memory is out. */
struct str route_note(const struct route *route, struct arena *arena);

#endif
