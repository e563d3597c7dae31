/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_describe: an answer in words, for messages.
 *
 * What stands in front of a service may answer in its place, in no form that the
 * service has.  Then status, type and first words say most.
 */
#ifndef S3EV_HTTP_DESCRIBE_H
#define S3EV_HTTP_DESCRIBE_H

#include "base/arena.h"
#include "base/str.h"
#include "http/http.h"

/*
 * "HTTP 502, text/html: not an answer of S3, perhaps of a proxy: Bad Gateway".
 * service names who has not answered; if it is NULL, the service itself has, and
 * only status and type are said.  In the arena, never empty.
 */
struct str http_describe(const struct http_request *answer, const char *service,
			 struct arena *arena);

#endif
