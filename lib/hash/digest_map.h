/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest_map: a number for each of many texts, of which only digests are kept.
 *
 * A digest is the first 128 bits of a SHA-256, so nobody can choose two texts
 * that are taken for one.  An entry takes 24 bytes, and the table has at most
 * four times as many places as entries.  All zero is an empty map.
 */
#ifndef S3EV_DIGEST_MAP_H
#define S3EV_DIGEST_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct digest_key {
	uint64_t a, b;
};

struct digest_entry {
	struct digest_key key;
	uint64_t value;			/* 0: the place is free */
};

struct digest_map {
	struct digest_entry *entries;	/* owned */
	size_t n, room;
};

/* What stands for these texts, in this order; absent is like empty. */
struct digest_key digest_key(const struct str *texts, size_t n);

/* The value, or 0 if there is none. */
uint64_t digest_map_get(const struct digest_map *map, struct digest_key key);

/* Set a value, which is not 0.  -1 without memory; the map stays as it was. */
int digest_map_put(struct digest_map *map, struct digest_key key,
		   uint64_t value);

void digest_map_free(struct digest_map *map);

#endif
