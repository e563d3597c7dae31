/* SPDX-License-Identifier: Apache-2.0 */
/*
 * product: what a processor has made of an object, a file that a record names
 * as its output, to be put where the object itself would be copied.
 *
 * It carries the id of the record and the ETag of the source in its metadata,
 * x-amz-meta-s3ev-id and x-amz-meta-s3ev-etag.
 */
#ifndef S3EV_PRODUCT_H
#define S3EV_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "record.h"
#include "s3.h"
#include "sigv4.h"
#include "slice.h"

enum { PRODUCT_HEADERS_MAX = 2 };

struct product {
	struct slice slice;	/* fd is -1 while it is closed */
	const struct record *record;
	struct sigv4_header headers[PRODUCT_HEADERS_MAX];
	size_t n_headers;
};

/* A good record with an output: that is placed, not the object. */
bool product_exists(const struct record *record);

/*
 * Open the record's output; borrows record.  -1 with "SystemError" if that
 * cannot be done, "IncompleteBody" if it is no file of as many bytes as the
 * record says.
 */
int product_open(struct product *product, const struct record *record,
		 struct err *err);

/* Does nothing if it is closed. */
void product_close(struct product *product);

/* Its content, as long as it is open. */
struct s3_content product_content(const struct product *product);

/*
 * Is what a HEAD has seen the same?  Its size, then its checksum over the
 * whole object, or its ETag if that is an MD5, decides; where it has neither,
 * the record's id in its metadata.  1 or 0, -1 with err as slice_read().
 */
int product_is(const struct product *product, const struct s3_call *seen,
	       struct err *err);

#endif
