/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canonical: the canonical form of a request, the first stage of Signature
 * Version 4.  Requests that mean the same have the same form:
 *
 *	PUT					method
 *	/bucket/a%20key				path
 *	partNumber=1&uploadId=x			query, sorted
 *	host:s3.eu-west-1.amazonaws.com		headers, sorted,
 *	x-amz-date:20150830T123600Z		names in lower case
 *						an empty line
 *	host;x-amz-date				signed headers
 *	e3b0c44298fc1c149afbf4c8996fb924...	digest of the body
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
#ifndef S3EV_CANONICAL_H
#define S3EV_CANONICAL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "sign/sigv4.h"

/*
 * Append the canonical request.  X-Amz-Date and X-Amz-Security-Token must be
 * among its headers already.  signed_headers becomes their names, joined by
 * semicolons; it is borrowed from out until that changes.  -1 if the request is
 * refused (see struct sigv4_request) or out is full.
 */
int canonical_request(struct buf *out, struct str *signed_headers,
		      const struct sigv4_request *request, struct err *err);

/* Append the line of names alone.  Returns -1 when a header is refused. */
int canonical_signed_headers(struct buf *out,
			     const struct sigv4_request *request,
			     struct err *err);

#endif
