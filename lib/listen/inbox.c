/* SPDX-License-Identifier: Apache-2.0 */
#include "listen/inbox.h"

#include <stdlib.h>
#include <string.h>

enum { CHAINS = 4096 };

struct list {
	struct inbox_event *first, *last;
};

struct inbox {
	struct list ready;		/* in the order in which they are taken */
	struct list later;		/* in the order in which they are due */
	struct list working;
	size_t count;
	struct inbox_event *chains[CHAINS];
};

/* Insert event behind another one, or at the beginning. */
static void list_insert(struct list *list, struct inbox_event *after,
			struct inbox_event *event)
{
	event->previous = after;
	event->next = after ? after->next : list->first;
	*(event->next ? &event->next->previous : &list->last) = event;
	*(after ? &after->next : &list->first) = event;
}

static void list_remove(struct list *list, struct inbox_event *event)
{
	*(event->next ? &event->next->previous : &list->last) = event->previous;
	*(event->previous ? &event->previous->next : &list->first) = event->next;
}

static struct list *list_of(struct inbox *inbox, enum inbox_state state)
{
	return state == INBOX_READY ? &inbox->ready :
	       state == INBOX_WORKING ? &inbox->working : &inbox->later;
}

static bool is_counted(enum inbox_state state)
{
	return state != INBOX_HELD && state != INBOX_KNOWN;
}

static void leave(struct inbox *inbox, struct inbox_event *event)
{
	list_remove(list_of(inbox, event->state), event);
	inbox->count -= is_counted(event->state);
}

/* Most are due later than those before, so the search begins at the end. */
static void enter(struct inbox *inbox, struct inbox_event *event,
		  enum inbox_state state)
{
	struct list *list = list_of(inbox, state);
	struct inbox_event *after = list->last;

	if (list == &inbox->later)
		while (after && after->due > event->due)
			after = after->previous;
	event->state = state;
	inbox->count += is_counted(state);
	list_insert(list, after, event);
}

static void move(struct inbox *inbox, struct inbox_event *event,
		 enum inbox_state state)
{
	leave(inbox, event);
	enter(inbox, event, state);
}

struct inbox *inbox_new(void)
{
	return calloc(1, sizeof(struct inbox));
}

static struct inbox_event **chain_of(struct inbox *inbox,
				     const unsigned char *digest)
{
	return &inbox->chains[(digest[0] << 8 | digest[1]) % CHAINS];
}

static struct inbox_event *find(struct inbox *inbox, const unsigned char *digest)
{
	struct inbox_event *event = *chain_of(inbox, digest);

	while (event && memcmp(event->digest, digest, DIGEST_SHA256_SIZE) != 0)
		event = event->chain;
	return event;
}

struct inbox_event *inbox_find(struct inbox *inbox, struct str bytes)
{
	unsigned char digest[DIGEST_SHA256_SIZE];

	digest_sha256(bytes.p, bytes.n, digest);
	return find(inbox, digest);
}

struct inbox_event *inbox_add(struct inbox *inbox, struct str bytes,
			      const char *name)
{
	struct inbox_event *event = calloc(1, sizeof(*event)), **chain;

	if (!event)
		return NULL;
	digest_sha256(bytes.p, bytes.n, event->digest);
	if (name)
		strncpy(event->name, name, INBOX_NAME_SIZE - 1);
	else
		digest_hex(event->name, event->digest, 16);
	chain = chain_of(inbox, event->digest);
	event->chain = *chain;
	*chain = event;
	enter(inbox, event, INBOX_READY);
	return event;
}

void inbox_add_again(struct inbox *inbox, struct inbox_event *event)
{
	move(inbox, event, INBOX_READY);
}

struct inbox_event *inbox_next(struct inbox *inbox)
{
	return inbox->ready.first;
}

void inbox_take(struct inbox *inbox, struct inbox_event *event)
{
	move(inbox, event, INBOX_WORKING);
}

void inbox_put_back(struct inbox *inbox, struct inbox_event *event)
{
	leave(inbox, event);
	event->state = INBOX_READY;
	inbox->count++;
	list_insert(&inbox->ready, NULL, event);
}

/* base, doubled with each attempt before this one. */
static uint64_t doubled(uint64_t base, unsigned attempts, uint64_t max)
{
	while (--attempts > 0 && base < max)
		base *= 2;
	return base < max ? base : max;
}

void inbox_backoff(struct inbox *inbox, struct inbox_event *event,
		   uint64_t now, uint64_t base)
{
	event->due = now + doubled(base, ++event->attempts,
				   INBOX_BACKOFF_MAX_MS);
	move(inbox, event, INBOX_BACKOFF);
}

void inbox_hold(struct inbox *inbox, struct inbox_event *event, uint64_t now)
{
	event->due = now + doubled(INBOX_HOLD_MIN_MS, ++event->attempts,
				   INBOX_HOLD_MAX_MS);
	move(inbox, event, INBOX_HELD);
}

void inbox_remove(struct inbox *inbox, struct inbox_event *event)
{
	struct inbox_event **chain = chain_of(inbox, event->digest);

	while (*chain != event)
		chain = &(*chain)->chain;
	*chain = event->chain;
	leave(inbox, event);
	free(event->why);
	free(event);
}

/* One that is due, or with all HELD, changes its state. */
static void pass(struct inbox *inbox, struct inbox_event *event, uint64_t now,
		 void (*held)(void *ctx, struct inbox_event *event), void *ctx)
{
	switch (event->state) {
	case INBOX_BACKOFF:
		move(inbox, event, INBOX_READY);
		break;
	case INBOX_HELD:
		event->due = now + INBOX_KNOWN_MS;
		move(inbox, event, INBOX_KNOWN);
		held(ctx, event);
		break;
	default:
		inbox_remove(inbox, event);
	}
}

void inbox_pass(struct inbox *inbox, uint64_t now, bool all,
		void (*held)(void *ctx, struct inbox_event *event), void *ctx)
{
	struct inbox_event *event = inbox->later.first, *next;

	for (; event && (all || event->due <= now); event = next) {
		next = event->next;
		if (event->due <= now || event->state == INBOX_HELD)
			pass(inbox, event, now, held, ctx);
	}
}

uint64_t inbox_due(const struct inbox *inbox)
{
	return inbox->later.first ? inbox->later.first->due : UINT64_MAX;
}

size_t inbox_count(const struct inbox *inbox)
{
	return inbox->count;
}

static void free_list(struct list *list)
{
	struct inbox_event *event = list->first, *next;

	for (; event; event = next) {
		next = event->next;
		free(event->why);
		free(event);
	}
}

void inbox_free(struct inbox *inbox)
{
	if (!inbox)
		return;
	free_list(&inbox->ready);
	free_list(&inbox->later);
	free_list(&inbox->working);
	free(inbox);
}
