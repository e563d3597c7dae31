/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event_names: the members of a document that event.c knows, by their place.
 *
 * The caller owns the index, which is filled once and then only read.
 */
#ifndef S3EV_EVENT_NAMES_H
#define S3EV_EVENT_NAMES_H

#include <stdint.h>

#include "base/str.h"

/*
 * Where in a document a member stands.  EVENT_NAME_DOC is any object that may
 * be an event or carry one, the elements of lists included.  So another kind of
 * envelope is one more row in the table of event_names.c.  The numbers from
 * EVENT_NAME_FIELD on, one for each enum envelope_field, are members whose text
 * an envelope keeps.
 */
enum event_names_node {
	EVENT_NAME_SKIP, EVENT_NAME_DOC, EVENT_NAME_LIST, EVENT_NAME_S3, EVENT_NAME_S3_BUCKET,
	EVENT_NAME_S3_OBJECT, EVENT_NAME_SNS, EVENT_NAME_DETAIL, EVENT_NAME_DETAIL_BUCKET,
	EVENT_NAME_DETAIL_OBJECT, EVENT_NAME_THREAT_NAME, EVENT_NAME_OTHER_BUCKET, EVENT_NAME_OTHER_OBJECT, EVENT_NAME_SCANNED,
	EVENT_NAME_SCAN, EVENT_NAME_THREATS, EVENT_NAME_THREAT, EVENT_NAME_KEYS,
	EVENT_NAME_LISTED_KEY, EVENT_NAME_CAPTURED, EVENT_NAME_CONTEXT,
	EVENT_NAME_INVOCATION,
	EVENT_NAME_INVOCATION_ID, EVENT_NAME_INVOCATION_DEADLINE,
	EVENT_NAME_INVOCATION_TRACE, EVENT_NAME_EVENT, EVENT_NAME_FIELD
};

/*
 * A name of up to 16 bytes as two words, which overlap if it is shorter.
 * Together with the length they hold the whole name, and are quick to hash and
 * compare.  One name has 17 bytes; its ninth is not looked at.
 */
struct event_names_print {
	uint64_t head, tail;
};

/* A slot of the hash table; n is 0 in the slots that stay empty, over half. */
struct event_names_indexed {
	struct event_names_print print;
	unsigned char n, in, to;
};

enum { EVENT_NAME_INDEX_SIZE = 256 };

struct event_names_index {
	struct event_names_indexed slots[EVENT_NAME_INDEX_SIZE];
};

void event_names_index_init(struct event_names_index *index);

/* The node of the member called name in a node; EVENT_NAME_SKIP if unknown. */
unsigned event_names_find(const struct event_names_index *index, unsigned in,
		     struct str name);

#endif
