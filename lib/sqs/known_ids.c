/* SPDX-License-Identifier: Apache-2.0 */
#include "sqs/known_ids.h"

#include <stdlib.h>
#include <string.h>

#include "hash/digest.h"

enum { WAYS = 4 };	/* places for an id */

struct known_id known_id(struct str text)
{
	unsigned char sum[DIGEST_MD5_SIZE];
	struct known_id id;

	digest_md5(text.p, text.n, sum);
	memcpy(&id, sum, sizeof(id));
	return id;
}

bool known_id_eq(struct known_id a, struct known_id b)
{
	return a.a == b.a && a.b == b.b;
}

static size_t row_of(struct known_id id)
{
	return (size_t)(id.a % (KNOWN_IDS / WAYS));
}

int known_ids_init(struct known_ids *known)
{
	known->ids = calloc(KNOWN_IDS, sizeof(*known->ids));
	known->oldest = calloc(KNOWN_IDS / WAYS, 1);
	return known->ids && known->oldest ? 0 : -1;
}

void known_ids_free(struct known_ids *known)
{
	free(known->ids);
	free(known->oldest);
}

bool known_ids_has(const struct known_ids *known, struct str text)
{
	struct known_id id = known_id(text);
	const struct known_id *row = known->ids + row_of(id) * WAYS;

	for (size_t i = 0; i < WAYS; i++)
		if (known_id_eq(row[i], id))
			return true;
	return false;
}

void known_ids_add(struct known_ids *known, struct str text)
{
	struct known_id id = known_id(text);
	size_t row = row_of(id);

	if (known_ids_has(known, text))
		return;
	known->ids[row * WAYS + known->oldest[row]] = id;
	known->oldest[row] = (unsigned char)((known->oldest[row] + 1) % WAYS);
}
