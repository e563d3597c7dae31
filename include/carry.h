/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carry: what an object has besides its bytes, to be given to another.
 *
 * CopyObject hands it on by itself; an object that is made of parts inherits
 * nothing.  Taken along are Content-Type and its like, metadata and tags, as
 * CopyObject does, and the record's id is put into the metadata.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html
 */
#ifndef S3EV_CARRY_H
#define S3EV_CARRY_H

#include <stddef.h>

#include "arena.h"
#include "err.h"
#include "http.h"
#include "sigv4.h"
#include "str.h"

enum { CARRY_MAX = 96 };

struct carry {
	struct sigv4_header headers[CARRY_MAX];
	size_t n;
};

/*
 * Begin with the answer to a HEAD of the object; text goes to the arena.  -1
 * with "TooMuchMetadata" if it has more than CARRY_MAX items.
 */
int carry_head(struct carry *carry, const struct http_request *answer,
	       struct str record_id, struct arena *arena, struct err *err);

/* Add the tags of a Tagging document, of which there may be none. */
int carry_tags(struct carry *carry, struct str document, struct arena *arena,
	       struct err *err);

#endif
