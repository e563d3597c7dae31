/* SPDX-License-Identifier: Apache-2.0 */
/*
 * derived: what a processor has made of an object, a file that a record names
 * as its output, to be put where the object itself would be copied.
 *
 * It carries the id of the record and the ETag of the source in its metadata,
 * x-amz-meta-s3ev-id and x-amz-meta-s3ev-etag.
 */
#ifndef S3EV_DERIVED_H
#define S3EV_DERIVED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "http/slice.h"
#include "record/record.h"
#include "s3/s3.h"

enum { DERIVED_HEADERS_MAX = 2 };

struct derived {
	struct slice slice;	/* fd is -1 while it is closed */
	const struct record *record;
	struct str_pair headers[DERIVED_HEADERS_MAX];
	size_t n_headers;
};

/* A good record with an output: that is placed, not the object. */
bool derived_exists(const struct record *record);

/*
 * Open the record's output; borrows record.  -1 with "SystemError" if that
 * cannot be done, "IncompleteBody" if it is no file of as many bytes as the
 * record says.
 */
int derived_open(struct derived *output, const struct record *record,
		 struct err *err);

/* Does nothing if it is closed. */
void derived_close(struct derived *output);

/* Its content, as long as it is open. */
struct s3_content derived_content(const struct derived *output);

/*
 * Is what a HEAD has seen the same?  Its size, then its checksum over the
 * whole object, or its ETag if that is an MD5, decides; where it has neither,
 * the record's id in its metadata.  1 or 0, -1 with err as slice_read().
 */
int derived_is(const struct derived *output, const struct s3_call *seen,
	       struct err *err);

#endif
