/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inbox: the events that came and are not done, and when to work on each.
 *
 * Pure: time is an argument, in ms of any clock.  An event is known by the digest
 * of its bytes, so that a repeat of it is found.
 *
 *	add ──► READY ──take──► WORKING ──done──► removed
 *	          ▲                │ failed
 *	          │ due            ├─────────► BACKOFF   in a journal
 *	          └────────────────┼──────────── ┘
 *	                           └─────────► HELD      its refusal is held back
 *	                                         │ due
 *	          add again ◄── KNOWN ◄──────────┘       for KNOWN_MS, then removed
 *
 * READY events are taken in the order in which they came to be so: those of an
 * earlier run first, oldest first.
 */
#ifndef S3EV_INBOX_H
#define S3EV_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "hash/digest.h"

enum {
	INBOX_NAME_SIZE = 33,		/* of its name, with the NUL */
	INBOX_HOLD_MIN_MS = 1000,
	INBOX_HOLD_MAX_MS = 8000,
	INBOX_KNOWN_MS = 60000,
	INBOX_BACKOFF_MAX_MS = 900000
};

enum inbox_state { INBOX_READY, INBOX_WORKING, INBOX_BACKOFF, INBOX_HELD,
		   INBOX_KNOWN };

struct inbox_event {
	char name[INBOX_NAME_SIZE];	/* in the journal and in its records */
	struct str body;		/* borrowed; absent: the journal has it */
	bool alone;			/* others may suffer from it */
	bool is_safe;			/* it is synced */
	int status;			/* what it was answered last, over HTTP, */
	char *why;			/* and why; owned, freed with it */

	enum inbox_state state;		/* read only from here on */
	unsigned attempts;		/* that failed */
	uint64_t due;			/* ms; of all but READY and WORKING */

	unsigned char digest[DIGEST_SHA256_SIZE];	/* private */
	struct inbox_event *next, *previous;	/* in its list */
	struct inbox_event *chain;		/* with the same hash */
};

struct inbox;

/* NULL if memory is out. */
struct inbox *inbox_new(void);
void inbox_free(struct inbox *inbox);

/* The event with these bytes, or NULL. */
struct inbox_event *inbox_find(struct inbox *inbox, struct str bytes);

/*
 * One more, which inbox_find() does not find.  Its name is that of the journal,
 * or NULL: then it is made from the digest.  NULL if memory is out.
 */
struct inbox_event *inbox_add(struct inbox *inbox, struct str bytes,
			      const char *name);

/* One that is KNOWN came again: it is READY. */
void inbox_add_again(struct inbox *inbox, struct inbox_event *event);

/* The next one to work on, which stays READY, or NULL. */
struct inbox_event *inbox_next(struct inbox *inbox);

void inbox_take(struct inbox *inbox, struct inbox_event *event);

/* It was WORKING and has to be READY again, before all others. */
void inbox_put_back(struct inbox *inbox, struct inbox_event *event);

/*
 * It failed once more; base doubles with each attempt.  Without a journal its
 * refusal is held back instead.
 */
void inbox_backoff(struct inbox *inbox, struct inbox_event *event,
		   uint64_t now, uint64_t base);
void inbox_hold(struct inbox *inbox, struct inbox_event *event, uint64_t now);

/* It is done, or has never been. */
void inbox_remove(struct inbox *inbox, struct inbox_event *event);

/*
 * What is due changes its state: BACKOFF becomes READY, HELD becomes KNOWN, of
 * which held is told, and KNOWN is removed.  With all, HELD is due in any case.
 */
void inbox_pass(struct inbox *inbox, uint64_t now, bool all,
		void (*held)(void *ctx, struct inbox_event *event), void *ctx);

/* When something is due, ms; UINT64_MAX: never. */
uint64_t inbox_due(const struct inbox *inbox);

/* How many there are, but for those that are HELD and KNOWN. */
size_t inbox_count(const struct inbox *inbox);

#endif
