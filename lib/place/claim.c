/* SPDX-License-Identifier: Apache-2.0 */
#include "place/claim.h"

#include <stddef.h>

static bool is_same(const struct claim *a, const struct claim *b)
{
	return str_eq(a->bucket, b->bucket) && str_eq(a->key, b->key);
}

/* The first in line for the destination. */
static struct claim *first_for(const struct claims *claims,
			       const struct claim *claim)
{
	struct claim *other = claims->first;

	while (other && !is_same(other, claim))
		other = other->next;
	return other;
}

static void grant(struct claim *claim)
{
	claim->held = true;
	claim->granted(claim->arg);
}

void claim_take(struct claims *claims, struct claim *claim)
{
	bool is_free = !first_for(claims, claim);
	struct claim **last = &claims->first;

	while (*last)
		last = &(*last)->next;
	*last = claim;
	claim->next = NULL;
	claim->held = false;
	if (is_free)
		grant(claim);
}

void claim_release(struct claims *claims, struct claim *claim)
{
	struct claim **link = &claims->first;
	struct claim *next;

	while (*link && *link != claim)
		link = &(*link)->next;
	if (!*link)
		return;
	*link = claim->next;
	if (!claim->held)
		return;
	claim->held = false;
	next = first_for(claims, claim);
	if (next)
		grant(next);
}
