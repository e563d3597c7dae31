/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gatekeeper: may this request come in, and where does it want to go?  Pure.
 *
 *	GET, HEAD	/health, /metrics
 *	POST		all other paths, or the only one that is allowed
 *
 * Token and path are secrets: they are compared in a time that tells nothing of
 * them.  Health and metrics are for everybody.
 */
#ifndef S3EV_GATEKEEPER_H
#define S3EV_GATEKEEPER_H

#include <stdbool.h>

#include "base/str.h"
#include "hash/digest.h"
#include "serve/serve.h"

struct gatekeeper {
	bool has_path, has_token;	/* private; SHA-256 of each */
	unsigned char path[DIGEST_SHA256_SIZE];
	unsigned char token[DIGEST_SHA256_SIZE];
};

enum gatekeeper_way { GATEKEEPER_EVENT, GATEKEEPER_HEALTH,
		      GATEKEEPER_METRICS };

/* The only path, NULL for any; the token, absent if there is none. */
void gatekeeper_init(struct gatekeeper *gatekeeper, const char *path,
		     struct str token);

/* NULL, or what it is answered: 404, 405 or 401. */
const struct serve_answer *gatekeeper_judge(const struct gatekeeper *gatekeeper,
					    const struct serve_request *request);

/* Of one that was let in. */
enum gatekeeper_way gatekeeper_way(const struct gatekeeper *gatekeeper,
				   const struct serve_request *request);

#endif
