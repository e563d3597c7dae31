/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canonical: the canonical form of a request, the first stage of Signature
 * Version 4: two requests that mean the same have the same one.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
#ifndef S3EV_CANONICAL_H
#define S3EV_CANONICAL_H

#include "buf.h"
#include "err.h"
#include "sigv4.h"
#include "str.h"

/*
 * Append the canonical request.  Headers are taken as they are: the caller has
 * put X-Amz-Date and X-Amz-Security-Token among them.  signed_headers becomes
 * the names of those in it, joined by semicolons: borrowed from out, until it
 * changes.  -1 when the request is refused (see struct sigv4_request) or out
 * is full.
 */
int canonical_request(struct buf *out, struct str *signed_headers,
		      const struct sigv4_request *request, struct err *err);

/* Append those names alone; -1 when a header is refused. */
int canonical_signed_headers(struct buf *out,
			     const struct sigv4_request *request,
			     struct err *err);

#endif
