/* SPDX-License-Identifier: Apache-2.0 */
#include "creds/creds_token.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "config/config_endpoint.h"
#include "format/iso.h"
#include "format/json_write.h"
#include "hash/digest.h"

enum { RENEW_BEFORE = 15 * 60, LOOKS = 10, LOOK_MS = 300 };

/* The members of the cache's file. */
struct cached {
	struct str start_url, region, token, expires;
	struct str client_id, client_secret, client_expires, refresh_token;
};

static const struct json_pick_field cached_fields[] = {
	{ "startUrl", offsetof(struct cached, start_url), true },
	{ "region", offsetof(struct cached, region), true },
	{ "accessToken", offsetof(struct cached, token), true },
	{ "expiresAt", offsetof(struct cached, expires), true },
	{ "clientId", offsetof(struct cached, client_id), true },
	{ "clientSecret", offsetof(struct cached, client_secret), true },
	{ "registrationExpiresAt", offsetof(struct cached, client_expires),
	  true },
	{ "refreshToken", offsetof(struct cached, refresh_token), true },
};

struct renewed {
	struct str token, seconds, refresh_token;
};

static const struct json_pick_field renewed_fields[] = {
	{ "accessToken", offsetof(struct renewed, token), true },
	{ "expiresIn", offsetof(struct renewed, seconds), false },
	{ "refreshToken", offsetof(struct renewed, refresh_token), true },
};

static void wipe(const struct cached *cached)
{
	creds_set_wipe(cached->token);
	creds_set_wipe(cached->client_secret);
	creds_set_wipe(cached->refresh_token);
}

int creds_token_log_in(struct creds_job *job, const char *why)
{
	struct str profile = job->step->profile;

	return err_set(&job->err, "SSOTokenExpired",
		       "%s: %s; run: aws sso login --profile %.*s",
		       job->step->from, why, STR_FMT(profile));
}

/* The file's name is the SHA-1 of the session's name, or of the start URL. */
static const char *cache_path(struct creds_job *job)
{
	struct str name = job->step->sso_session.p ? job->step->sso_session :
						     job->step->sso_start_url;
	unsigned char sum[DIGEST_SHA1_SIZE];
	char hex[DIGEST_HEX_SIZE(DIGEST_SHA1_SIZE)];

	if (!job->config->home) {
		err_set(&job->err, "InvalidConfig", "%s: HOME is not set",
			job->step->from);
		return NULL;
	}
	digest_sha1(name.p, name.n, sum);
	digest_hex(hex, sum, sizeof(sum));
	return arena_printf(&job->arena, "%s/.aws/sso/cache/%s.json",
			    job->config->home, hex);
}

static int read_cache(struct creds_job *job, struct cached *cached,
		      time_t *expires)
{
	const char *path = cache_path(job);
	struct err why;
	int status = 0;

	if (!path)
		return -1;
	if (file_load(path, &job->body, &why) < 0)
		return creds_token_log_in(job, why.message);
	if (creds_job_pick(job, buf_str(&job->body), cached_fields,
			   sizeof(cached_fields) / sizeof(*cached_fields),
			   cached) < 0 ||
	    cached->token.n == 0 || iso_time(cached->expires, expires) < 0)
		status = creds_token_log_in(job,
					    "the cached token cannot be read");
	else if (!str_is_visible(cached->token))
		status = creds_token_log_in(job,
					    "the cached token is not valid");
	creds_set_wipe(buf_str(&job->body));
	buf_reset(&job->body);
	return status;
}

static int use(struct creds_job *job, struct str token)
{
	buf_reset(&job->token);
	buf_put_str(&job->token, token);
	return job->then(job);
}

/* Only a session of an [sso-session] can, while its client is registered. */
static bool can_renew(const struct creds_job *job, const struct cached *cached)
{
	time_t until;

	return job->step->sso_session.p && cached->client_id.n > 0 &&
	       cached->client_secret.n > 0 && cached->refresh_token.n > 0 &&
	       iso_time(cached->client_expires, &until) == 0 &&
	       until > time(NULL);
}

/*
 * If the cache cannot be written, go on: the token is good, and the next
 * program finds the old refresh token.
 */
static void write_cache(struct creds_job *job, const struct cached *cached)
{
	const char *path = cache_path(job);
	struct err ignored;

	buf_reset(&job->body);
	buf_putc(&job->body, '{');
	json_member(&job->body, "startUrl", cached->start_url);
	json_member(&job->body, "region", cached->region);
	json_member(&job->body, "accessToken", cached->token);
	json_member(&job->body, "expiresAt", cached->expires);
	json_member(&job->body, "clientId", cached->client_id);
	json_member(&job->body, "clientSecret", cached->client_secret);
	json_member(&job->body, "registrationExpiresAt",
		    cached->client_expires);
	json_member(&job->body, "refreshToken", cached->refresh_token);
	buf_puts(&job->body, "}\n");
	if (path && !job->body.failed)
		(void)file_replace(path, buf_str(&job->body), FILE_FOR_US,
				   &ignored);
	creds_set_wipe(buf_str(&job->body));
	buf_reset(&job->body);
}

static int take_renewed(struct creds_job *job, const struct cached *old)
{
	char expires[ISO_SIZE];
	unsigned long long seconds;
	struct cached cached = *old;
	struct renewed renewed;
	time_t until;
	int status;

	if (creds_job_pick(job, buf_str(&job->request.body_in), renewed_fields,
			   sizeof(renewed_fields) / sizeof(*renewed_fields),
			   &renewed) < 0)
		return -1;
	if (!str_is_visible(renewed.token) ||
	    str_number(renewed.seconds, &seconds) < 0 || seconds > 1U << 30)
		return creds_token_log_in(job,
					  "the renewed token is not valid");
	until = time(NULL) + (time_t)seconds;
	iso_write(expires, until);
	cached.token = renewed.token;
	cached.expires = str_of(expires);
	if (renewed.refresh_token.n > 0)
		cached.refresh_token = renewed.refresh_token;
	write_cache(job, &cached);
	status = use(job, renewed.token);
	creds_set_wipe(renewed.token);
	creds_set_wipe(renewed.refresh_token);
	return status;
}

/*
 * The token was not renewed.  Another program may have done that, with the same
 * refresh token, and write the file in a moment: all filters of a pipeline
 * begin at the same time.  If nobody has, records that come later need not wait
 * again.  The old token may be good for some more minutes.
 */
static void look_again(struct creds_job *job)
{
	struct cached cached = { .token = STR_NONE };
	time_t expires = 0;
	int status = read_cache(job, &cached, &expires);

	if (status == 0 && expires > time(NULL))
		status = use(job, cached.token);
	else if (status == 0 && !job->failed_before && job->tries++ < LOOKS)
		creds_job_wait(job, LOOK_MS, look_again);
	else if (status == 0)
		status = creds_token_log_in(job, "the session has expired and "
					    "is not renewed");
	wipe(&cached);
	if (status < 0)
		creds_job_end(job);
}

static void on_renewed(struct creds_job *job)
{
	struct cached cached = { .token = STR_NONE };
	time_t expires = 0;
	int status;

	if (job->request.status != 200) {
		creds_job_refused(job, job->step->from);
		if (creds_job_retry(job))
			return;
		memset(&job->err, 0, sizeof(job->err));
		job->tries = 0;
		look_again(job);
		return;
	}
	status = read_cache(job, &cached, &expires);
	if (status == 0)
		status = take_renewed(job, &cached);
	wipe(&cached);
	if (status < 0)
		creds_job_end(job);
}

static int renew(struct creds_job *job, const struct cached *cached)
{
	buf_reset(&job->url);
	if (config_endpoint(job->config, CONFIG_SSO_OIDC,
			    job->step->sso_region, &job->url, &job->err) < 0)
		return -1;
	buf_puts(&job->url, "/token");
	buf_putc(&job->body, '{');
	json_member(&job->body, "clientId", cached->client_id);
	json_member(&job->body, "clientSecret", cached->client_secret);
	json_member(&job->body, "grantType", STR("refresh_token"));
	json_member(&job->body, "refreshToken", cached->refresh_token);
	buf_putc(&job->body, '}');
	creds_job_no_headers(job);
	creds_job_header(job, "content-type", STR("application/json"));
	return creds_job_send(job, "POST", on_renewed);
}

int creds_token_start(struct creds_job *job,
		      int (*then)(struct creds_job *job))
{
	struct cached cached = { .token = STR_NONE };
	time_t expires = 0;
	int status = read_cache(job, &cached, &expires);

	job->then = then;
	if (status == 0 && expires <= time(NULL) + RENEW_BEFORE &&
	    can_renew(job, &cached))
		status = renew(job, &cached);
	else if (status == 0 && expires <= time(NULL))
		status = creds_token_log_in(job, "the session has expired");
	else if (status == 0)
		status = use(job, cached.token);
	wipe(&cached);
	return status;
}
