/* SPDX-License-Identifier: Apache-2.0 */
#include "hash/digest_map.h"

#include <stdlib.h>
#include <string.h>

#include "hash/digest.h"

enum { ROOM_MIN = 1024 };	/* a power of 2 */

/* The length of each text before it, so that no two lists of texts are alike. */
struct digest_key digest_key(const struct str *texts, size_t n)
{
	unsigned char digest[DIGEST_SHA256_SIZE];
	struct digest_sha256 sha256;
	struct digest_key key;

	digest_sha256_init(&sha256);
	for (size_t i = 0; i < n; i++) {
		digest_sha256_update(&sha256, &texts[i].n, sizeof(texts[i].n));
		if (texts[i].n > 0)
			digest_sha256_update(&sha256, texts[i].p, texts[i].n);
	}
	digest_sha256_final(&sha256, digest);
	memcpy(&key, digest, sizeof(key));
	return key;
}

/* Its entry, or the free one where it would be. */
static struct digest_entry *place(const struct digest_map *map,
				  struct digest_key key)
{
	size_t i = key.a & (map->room - 1);

	while (map->entries[i].value != 0 &&
	       (map->entries[i].key.a != key.a ||
		map->entries[i].key.b != key.b))
		i = (i + 1) & (map->room - 1);
	return &map->entries[i];
}

uint64_t digest_map_get(const struct digest_map *map, struct digest_key key)
{
	return map->room > 0 ? place(map, key)->value : 0;
}

static int grow(struct digest_map *map)
{
	struct digest_map more = {
		.n = map->n, .room = map->room > 0 ? 2 * map->room : ROOM_MIN,
	};

	more.entries = calloc(more.room, sizeof(*more.entries));
	if (!more.entries)
		return -1;
	for (size_t i = 0; i < map->room; i++)
		if (map->entries[i].value != 0)
			*place(&more, map->entries[i].key) = map->entries[i];
	free(map->entries);
	*map = more;
	return 0;
}

int digest_map_put(struct digest_map *map, struct digest_key key,
		   uint64_t value)
{
	struct digest_entry *entry;

	if (map->n >= map->room / 4 * 3 && grow(map) < 0)
		return -1;
	entry = place(map, key);
	map->n += entry->value == 0;
	*entry = (struct digest_entry){ key, value };
	return 0;
}

void digest_map_free(struct digest_map *map)
{
	free(map->entries);
	*map = (struct digest_map){ .n = 0 };
}
