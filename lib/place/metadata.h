/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metadata: what an object has besides its bytes, to be given to another.
 *
 * CopyObject hands it on by itself; an object that is made of parts, or put from
 * what was read, inherits nothing.  Taken along are Content-Type and its like,
 * metadata and tags, as CopyObject does.  Metadata that begin with "s3ev-" are
 * left behind, since an uploader may have written them; the record's id is put
 * in their place.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html
 */
#ifndef S3EV_METADATA_H
#define S3EV_METADATA_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "http/http.h"

enum { METADATA_MAX = 96 };

struct metadata {
	struct str_pair headers[METADATA_MAX];
	size_t n;
};

/*
 * Begin with the answer to a HEAD of the object; text goes to the arena.  -1
 * with "TooMuchMetadata" if it has more than METADATA_MAX items.
 */
int metadata_head(struct metadata *metadata, const struct http_request *answer,
	       struct str record_id, struct arena *arena, struct err *err);

/* Add the tags of a Tagging document, of which there may be none. */
int metadata_tags(struct metadata *metadata, struct str document, struct arena *arena,
	       struct err *err);

#endif
