/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3_request: what the requests of several operations have in common.  For
 * s3*.c only.
 *
 * Each adds to the call's request; -1 with err if that cannot be done.
 */
#ifndef S3EV_S3_REQUEST_H
#define S3EV_S3_REQUEST_H

#include "aws/aws.h"
#include "base/err.h"
#include "s3/s3.h"

/*
 * Begin: the URL of the object, and what goes with every request.  The key of a
 * bucket is empty.  An absent one is that which there was no memory for: without
 * it the request would be about the bucket.
 */
int s3_request_address(struct aws *aws, struct s3_call *call,
		       const struct s3_object *object, struct err *err);

/* Ask for exactly this object: by its version, else by its ETag. */
int s3_request_pin(struct s3_call *call, const struct s3_object *object,
		   struct err *err);

/* Copy from there, exactly this object; see s3_has_time_condition(). */
int s3_request_source(struct aws *aws, struct s3_call *call,
		      const struct s3_object *from, struct err *err);

/* Write only where no object is or, to overwrite, where to->etag still is. */
int s3_request_condition(struct aws *aws, struct s3_call *call,
			 const struct s3_object *to,
			 enum s3_overwrite overwrite, struct err *err);

/* The checksum of the body. */
int s3_request_checksum(struct aws *aws, struct s3_call *call,
			struct err *err);

/* The encryption and storage class of the object that is written. */
void s3_request_target(struct s3_call *call);

/* Are checksums wanted, and known to the server as far as is known? */
bool s3_request_sends_checksums(const struct aws *aws,
				const struct s3_call *call);

#endif
