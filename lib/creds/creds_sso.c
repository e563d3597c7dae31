/* SPDX-License-Identifier: Apache-2.0 */
#include "creds/creds_sso.h"

#include <string.h>

#include "config/config_endpoint.h"
#include "creds/creds_token.h"
#include "format/json_pick.h"
#include "format/uri.h"

struct sso_answer {
	struct str id, secret, token, expiration, message;
};

static const struct json_pick_field fields[] = {
	{ "roleCredentials.accessKeyId", offsetof(struct sso_answer, id),
	  false },
	{ "roleCredentials.secretAccessKey",
	  offsetof(struct sso_answer, secret), false },
	{ "roleCredentials.sessionToken", offsetof(struct sso_answer, token),
	  false },
	{ "roleCredentials.expiration", offsetof(struct sso_answer, expiration),
	  false },
	{ "message", offsetof(struct sso_answer, message), false },
};

static void explain(struct creds_job *job)
{
	struct sso_answer answer;
	struct err kept;

	if (job->request.status == 401) {
		creds_token_log_in(job, "the session is not valid any more");
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
	struct sso_answer answer;

	if (creds_job_pick(job, buf_str(&job->request.body_in), fields,
			   sizeof(fields) / sizeof(*fields), &answer) < 0)
		return;
	keys.access_key_id = answer.id;
	keys.secret_access_key = answer.secret;
	keys.session_token = answer.token;
	if (answer.expiration.n > 0 && str_number(answer.expiration, &ms) < 0)
		err_set(&job->err, "CredentialsRefused",
			"%s: expiration is not a time", job->step->from);
	keys.expires = (time_t)(ms / 1000);
	if (!err_is_set(&job->err))
		creds_set_copy(&job->set, &keys, &job->err);
	creds_set_wipe(answer.secret);
	creds_set_wipe(answer.token);
}

static void on_answer(struct creds_job *job)
{
	if (job->request.status == 200)
		take_keys(job);
	else
		explain(job);
	if (!err_is_set(&job->err) || !creds_job_retry(job))
		creds_job_end(job);
}

static int ask(struct creds_job *job)
{
	job->tries = 0;
	creds_job_no_headers(job);
	buf_reset(&job->url);
	buf_reset(&job->body);
	if (config_endpoint(job->config, CONFIG_SSO, job->step->sso_region,
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

static int start(struct creds_job *job)
{
	return creds_token_start(job, ask);
}

const struct creds_source creds_sso = { start, NULL };
