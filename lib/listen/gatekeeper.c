/* SPDX-License-Identifier: Apache-2.0 */
#include "listen/gatekeeper.h"

#include <string.h>

#define TEXT .type = "text/plain; charset=utf-8"

static const struct serve_answer
	no_such_path = { .status = 404, TEXT,
			 .body = { "nothing is here\n", 16 } },
	only_post = { .status = 405, TEXT, .header = "Allow", .value = "POST",
		      .body = { "send events with POST\n", 22 } },
	only_get = { .status = 405, TEXT, .header = "Allow",
		     .value = "GET, HEAD",
		     .body = { "ask with GET\n", 13 } },
	no_token = { .status = 401, TEXT, .header = "WWW-Authenticate",
		     .value = "Bearer",
		     .body = { "send the token: Authorization: Bearer TOKEN\n",
			       44 } };

static void digest_of(struct str text, unsigned char digest[DIGEST_SHA256_SIZE])
{
	digest_sha256(text.p ? text.p : "", text.n, digest);
}

void gatekeeper_init(struct gatekeeper *g, const char *path, struct str token)
{
	g->has_path = path != NULL;
	g->has_token = token.p != NULL;
	digest_of(str_of(path), g->path);
	digest_of(token, g->token);
}

/* All bytes of the digests are compared, whatever the first ones say. */
static bool is_same(struct str text, const unsigned char digest[DIGEST_SHA256_SIZE])
{
	unsigned char other[DIGEST_SHA256_SIZE], differs = 0;

	digest_of(text, other);
	for (size_t i = 0; i < DIGEST_SHA256_SIZE; i++)
		differs = (unsigned char)(differs | (other[i] ^ digest[i]));
	return differs == 0;
}

/* RFC 6750, 2.1; the scheme is written in any case (RFC 9110, 11.1). */
static bool has_token(const struct gatekeeper *g, struct str authorization)
{
	struct str rest = authorization, scheme = str_next(&rest, ' ');

	return str_is_nocase(scheme, "Bearer") && rest.p &&
	       is_same(str_trim(rest, " "), g->token);
}

static bool is_question(const struct serve_request *request)
{
	return str_is(request->method, "GET") || str_is(request->method, "HEAD");
}

enum gatekeeper_way gatekeeper_way(const struct gatekeeper *g,
				   const struct serve_request *request)
{
	if (g->has_path && is_same(request->path, g->path))
		return GATEKEEPER_EVENT;
	if (str_is(request->path, "/health"))
		return GATEKEEPER_HEALTH;
	if (str_is(request->path, "/metrics"))
		return GATEKEEPER_METRICS;
	return GATEKEEPER_EVENT;
}

const struct serve_answer *gatekeeper_judge(const struct gatekeeper *g,
					    const struct serve_request *request)
{
	if (gatekeeper_way(g, request) != GATEKEEPER_EVENT)
		return is_question(request) ? NULL : &only_get;
	if (g->has_path && !is_same(request->path, g->path))
		return &no_such_path;
	if (!str_is(request->method, "POST"))
		return &only_post;
	if (g->has_token && !has_token(g, request->authorization))
		return &no_token;
	return NULL;
}
