/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IAM Identity Center: keys for the token that "aws sso login" has left in
 * ~/.aws/sso/cache.
 *
 * https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html
 */
#include "creds_job.h"

#include <string.h>

#include "digest.h"
#include "pick.h"
#include "retry.h"
#include "uri.h"

enum { TRIES = 3, RETRY_MS = 100 };

struct cached {
	struct str token, expires;
};

static const struct pick_field cached_fields[] = {
	{ "accessToken", offsetof(struct cached, token), false },
	{ "expiresAt", offsetof(struct cached, expires), false },
};

struct answer {
	struct str id, secret, token, expiration, message;
};

static const struct pick_field fields[] = {
	{ "roleCredentials.accessKeyId", offsetof(struct answer, id), false },
	{ "roleCredentials.secretAccessKey", offsetof(struct answer, secret), false },
	{ "roleCredentials.sessionToken", offsetof(struct answer, token), false },
	{ "roleCredentials.expiration", offsetof(struct answer, expiration), false },
	{ "message", offsetof(struct answer, message), false },
};

static int log_in(struct creds_job *job, const char *why)
{
	struct str profile = job->step->profile;

	return err_set(&job->err, "SSOTokenExpired",
		       "%s: %s; run: aws sso login --profile %.*s",
		       job->step->from, why, STR_FMT(profile));
}

/* The file is named by the SHA-1 of the session's name, or of the URL. */
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

/* The token goes to job->token. */
static int read_token(struct creds_job *job)
{
	const char *path = cache_path(job);
	struct cached cached;
	struct err why;
	time_t expires;
	int status = 0;

	if (!path)
		return -1;
	if (creds_read_file(path, &job->body, &why) < 0)
		return log_in(job, why.message);
	if (creds_job_pick(job, buf_str(&job->body), cached_fields, 2,
			   &cached) < 0 ||
	    cached.token.n == 0 || creds_time(cached.expires, &expires) < 0)
		status = log_in(job, "the cached token cannot be read");
	else if (expires <= time(NULL))
		status = log_in(job, "the session has expired");
	for (size_t i = 0; status == 0 && i < cached.token.n; i++)
		if (cached.token.p[i] <= ' ' || cached.token.p[i] >= 0x7F)
			status = log_in(job, "the cached token is not valid");
	if (status == 0) {
		buf_reset(&job->token);
		buf_put_str(&job->token, cached.token);
		creds_wipe(cached.token);
	}
	creds_wipe(buf_str(&job->body));
	buf_reset(&job->body);
	return status;
}

static void explain(struct creds_job *job)
{
	struct answer answer;
	struct err kept;

	if (job->request.status == 401) {
		log_in(job, "the session is not valid any more");
		return;
	}
	creds_job_refused(job, job->step->from);
	kept = job->err;
	if (job->request.status == 0 ||
	    creds_job_pick(job, buf_str(&job->request.body_in), fields,
			   sizeof(fields) / sizeof(*fields), &answer) < 0 ||
	    answer.message.n == 0) {
		job->err = kept;
		return;
	}
	err_set(&job->err, kept.code, "%s: %.*s", job->step->from,
		STR_FMT(answer.message));
	job->err.status = kept.status;
	job->err.retry = kept.retry;
}

static void take_keys(struct creds_job *job)
{
	struct creds_keys keys = {
		.account = job->step->sso_account, .from = job->step->from
	};
	unsigned long long ms = 0;
	struct answer answer;

	if (creds_job_pick(job, buf_str(&job->request.body_in), fields,
			   sizeof(fields) / sizeof(*fields), &answer) < 0)
		return;
	if (answer.expiration.n > 0 && str_number(answer.expiration, &ms) < 0) {
		err_set(&job->err, "CredentialsRefused",
			"%s: expiration is no time", job->step->from);
		return;
	}
	keys.expires = (time_t)(ms / 1000);
	keys.access_key_id = answer.id;
	keys.secret_access_key = answer.secret;
	keys.session_token = answer.token;
	creds_set_copy(&job->set, &keys, &job->err);
	creds_wipe(answer.secret);
	creds_wipe(answer.token);
}

static void on_answer(struct creds_job *job)
{
	if (job->request.status == 200)
		take_keys(job);
	else
		explain(job);
	if (err_is_set(&job->err) && job->tries < TRIES &&
	    retry_class(&job->err) != RETRY_NEVER) {
		creds_job_again(job, (uint64_t)RETRY_MS << job->tries);
		return;
	}
	creds_job_keys(job, NULL);
}

int creds_sso_start(struct creds_job *job)
{
	if (read_token(job) < 0 ||
	    config_endpoint(job->config, CONFIG_SSO, job->step->sso_region,
			    &job->url, &job->err) < 0)
		return -1;
	buf_puts(&job->url, "/federation/credentials?role_name=");
	uri_encode(&job->url, job->step->sso_role);
	buf_puts(&job->url, "&account_id=");
	uri_encode(&job->url, job->step->sso_account);
	creds_job_header(job, "x-amz-sso_bearer_token",
			 buf_str(&job->token));
	return creds_job_send(job, "GET", on_answer);
}
