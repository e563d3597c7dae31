/* SPDX-License-Identifier: Apache-2.0 */
#include "creds/creds_imds.h"

#include <string.h>

#include "config/config_endpoint.h"
#include "config/config_source.h"
#include "format/iso.h"
#include "format/json_pick.h"

enum {
	STALE_AFTER = 15 * 60,	/* seconds, as long as the refresh window */
	STALE_JITTER = 8 * 60,	/* seconds, so that hosts do not ask together */
	RETRY_MS = 200,
	TRIES_THERE = 3		/* if the service answers, but with an error */
};

#define ROLES "/latest/meta-data/iam/security-credentials/"

struct imds_answer {
	struct str code, message, id, secret, token, expiration;
};

static const struct json_pick_field fields[] = {
	{ "Code", offsetof(struct imds_answer, code), false },
	{ "Message", offsetof(struct imds_answer, message), false },
	{ "AccessKeyId", offsetof(struct imds_answer, id), false },
	{ "SecretAccessKey", offsetof(struct imds_answer, secret), false },
	{ "Token", offsetof(struct imds_answer, token), false },
	{ "Expiration", offsetof(struct imds_answer, expiration), false },
};

/* Read the variable, else the property of the profile in use. */
static int setting(struct creds_job *job, const char *variable,
		   const char *name, struct str *value)
{
	const struct ini_entry *entry = NULL;

	if (config_source_variable(variable, value, &job->err) < 0 ||
	    (!value->p &&
	     config_source_property(job->config, job->config->profile.value,
				    name, &entry, &job->err) < 0))
		return -1;
	if (entry)
		*value = entry->value;
	return 0;
}

/* *value is the default: it stays if there is no setting. */
static int number(struct creds_job *job, const char *variable,
		  const char *name, unsigned long long *value)
{
	struct str text;

	if (setting(job, variable, name, &text) < 0)
		return -1;
	if (text.p && (str_number(text, value) < 0 || *value < 1 ||
		       *value > 1000))
		return err_set(&job->err, "InvalidConfig", "%s: \"%.*s\" is "
			       "not a number from 1 to 1000", variable,
			       STR_FMT(text));
	return 0;
}

/* Append the endpoint to job->url. */
static int put_endpoint(struct creds_job *job)
{
	static const char variable[] = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
	struct str endpoint, mode;

	if (setting(job, variable,
		    "ec2_metadata_service_endpoint", &endpoint) < 0 ||
	    setting(job, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
		    "ec2_metadata_service_endpoint_mode", &mode) < 0)
		return -1;
	if (mode.p && !str_is_nocase(mode, "IPv4") &&
	    !str_is_nocase(mode, "IPv6"))
		return err_set(&job->err, "InvalidConfig",
			       "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: "
			       "\"%.*s\" is neither IPv4 nor IPv6",
			       STR_FMT(mode));
	if (endpoint.p &&
	    config_endpoint_check(endpoint, variable, &job->err) < 0)
		return -1;
	if (!endpoint.p)
		endpoint = mode.p && mode.p[3] == '6' ?
			   STR("http://[fd00:ec2::254]") :
			   STR("http://169.254.169.254");
	while (str_has_suffix(endpoint, STR("/")))
		endpoint.n--;
	buf_reset(&job->url);
	buf_put_str(&job->url, endpoint);
	return 0;
}

static bool is_there(const struct creds_job *job)
{
	return job->request.status > 0 || job->request.head.n > 0;
}

/*
 * IMDS is tried when nothing else is configured.  If it does not answer then,
 * there are no credentials, and that is the error.
 */
static void give_up(struct creds_job *job)
{
	struct err why = job->err;

	if (job->step->last_resort && !(is_there(job) && why.retry))
		err_set(&job->err, "NoCredentials", "no credentials: none in "
			"the environment or the profile \"%s\", and from the "
			"instance metadata service: %s",
			job->config->profile.value.p, why.message);
	creds_job_end(job);
}

static void refused(struct creds_job *job)
{
	unsigned long long tries = is_there(job) ? TRIES_THERE : 1;

	if (number(job, "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
		   "metadata_service_num_attempts", &tries) < 0) {
		creds_job_end(job);
		return;
	}
	creds_job_refused(job, job->step->from);
	if (job->request.status == 404)
		err_set(&job->err, "NoCredentials",
			"%s: the instance has no role", job->step->from);
	if (job->tries < tries && job->request.status != 404 &&
	    job->request.status != 403)
		creds_job_again(job, RETRY_MS);
	else
		give_up(job);
}

static bool is_good(const struct creds_job *job)
{
	return job->request.status == 200 && job->request.body_in.n > 0;
}

static void send_with_token(struct creds_job *job, struct str path,
			    void (*answered)(struct creds_job *))
{
	job->tries = 0;
	creds_job_no_headers(job);
	creds_job_header(job, "x-aws-ec2-metadata-token",
			 buf_str(&job->token));
	if (put_endpoint(job) == 0) {
		buf_put_str(&job->url, STR(ROLES));
		buf_put_str(&job->url, path);
		if (creds_job_send(job, "GET", answered) == 0)
			return;
	}
	creds_job_end(job);
}

/*
 * A service that cannot renew keys gives out expired ones.  AWS's tools go on
 * using them and ask again after a while, and so do we.
 */
static time_t extended(time_t expires)
{
	time_t now = time(NULL);
	time_t later = now + STALE_AFTER + 120 + now % STALE_JITTER;

	return expires < later ? later : expires;
}

static void on_keys(struct creds_job *job)
{
	struct imds_answer answer;
	struct creds_keys keys = { .from = job->step->from };

	if (!is_good(job)) {
		refused(job);
		return;
	}
	if (creds_job_pick(job, buf_str(&job->request.body_in), fields,
			   sizeof(fields) / sizeof(*fields), &answer) < 0) {
		creds_job_end(job);
		return;
	}
	if (answer.id.n == 0 || answer.secret.n == 0 || answer.token.n == 0 ||
	    iso_time(answer.expiration, &keys.expires) < 0) {
		err_set(&job->err, "CredentialsRefused", "%s: %.*s %.*s",
			job->step->from,
			STR_FMT(answer.code.n ? answer.code :
				STR("the answer has no keys")),
			STR_FMT(answer.message));
		creds_job_end(job);
		return;
	}
	keys.expires = extended(keys.expires);
	keys.access_key_id = answer.id;
	keys.secret_access_key = answer.secret;
	keys.session_token = answer.token;
	creds_set_copy(&job->set, &keys, &job->err);
	creds_set_wipe(answer.secret);
	creds_set_wipe(answer.token);
	creds_job_end(job);
}

/* The first line of the answer is the name of the role. */
static void on_role(struct creds_job *job)
{
	struct str role = buf_str(&job->request.body_in);
	size_t n = 0;

	if (!is_good(job)) {
		refused(job);
		return;
	}
	while (n < role.n && role.p[n] > ' ' && role.p[n] < 0x7F &&
	       !strchr("/?#", role.p[n]))
		n++;
	role = arena_dup(&job->arena, (struct str){ role.p, n });
	if (n == 0 || !role.p) {
		err_set(&job->err, "CredentialsRefused",
			"%s: the answer has no role", job->step->from);
		creds_job_end(job);
		return;
	}
	send_with_token(job, role, on_keys);
}

static void on_token(struct creds_job *job)
{
	struct str token = buf_str(&job->request.body_in);

	if (!is_good(job)) {
		refused(job);
		return;
	}
	if (!str_is_visible(token)) {
		err_set(&job->err, "CredentialsRefused",
			"%s: the session token is not valid", job->step->from);
		creds_job_end(job);
		return;
	}
	buf_reset(&job->token);
	buf_put_str(&job->token, token);
	send_with_token(job, STR(""), on_role);
}

static int start(struct creds_job *job)
{
	unsigned long long seconds = 1;

	if (number(job, "AWS_METADATA_SERVICE_TIMEOUT",
		   "metadata_service_timeout", &seconds) < 0 ||
	    put_endpoint(job) < 0)
		return -1;
	job->limit_ms = seconds * 1000;
	buf_puts(&job->url, "/latest/api/token");
	creds_job_header(job, "x-aws-ec2-metadata-token-ttl-seconds",
			 STR("21600"));
	creds_job_header(job, "Content-Length", STR("0"));
	job->request.direct = true;
	return creds_job_send(job, "PUT", on_token);
}

const struct creds_source creds_imds = { start, NULL };
