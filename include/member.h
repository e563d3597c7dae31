/* SPDX-License-Identifier: Apache-2.0 */
/*
 * member: which members of a document mean something to event.c, by where
 * they stand.
 */
#ifndef S3EV_MEMBER_H
#define S3EV_MEMBER_H

#include <stdint.h>

#include "str.h"

/*
 * Where we are in a document.  A MEMBER_DOC is any object that may be an event
 * or carry one, the elements of lists included, so that every envelope is one
 * more row in the table of member.c.  MEMBER_FIELD and what follows, one for
 * each enum envelope_field, are members whose text an envelope keeps.
 */
enum member_node {
	MEMBER_SKIP, MEMBER_DOC, MEMBER_LIST, MEMBER_S3, MEMBER_S3_BUCKET,
	MEMBER_S3_OBJECT, MEMBER_SNS, MEMBER_DETAIL, MEMBER_DETAIL_BUCKET,
	MEMBER_DETAIL_OBJECT, MEMBER_CONTEXT, MEMBER_INVOCATION,
	MEMBER_INVOCATION_ID, MEMBER_INVOCATION_DEADLINE,
	MEMBER_INVOCATION_TRACE, MEMBER_EVENT, MEMBER_FIELD
};

/*
 * A name of up to 16 bytes as two words that overlap where it is shorter: with
 * its length they are the whole name, and quick to hash and to compare.
 */
struct member_print {
	uint64_t head, tail;
};

/* A known member, hashed; n is 0 in the half of the index that stays empty. */
struct member_indexed {
	struct member_print print;
	unsigned char n, in, to;
};

enum { MEMBER_INDEX_SIZE = 128 };

struct member_index {
	struct member_indexed slots[MEMBER_INDEX_SIZE];
};

void member_index_init(struct member_index *index);

/* What the member called name in a node is; MEMBER_SKIP if it means nothing. */
unsigned member_find(const struct member_index *index, unsigned in,
		     struct str name);

#endif
