/* SPDX-License-Identifier: Apache-2.0 */
#include "creds/creds_container.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/file.h"
#include "config/config_source.h"
#include "format/iso.h"
#include "format/json_pick.h"
#include "format/url.h"

enum { LIMIT_MS = 2000, TRIES = 3, RETRY_MS = 1000, HOST_MAX = 255 };

struct container_answer {
	struct str code, message, id, secret, token, expiration, account;
};

static const struct json_pick_field fields[] = {
	{ "code", offsetof(struct container_answer, code), false },
	{ "message", offsetof(struct container_answer, message), false },
	{ "AccessKeyId", offsetof(struct container_answer, id), false },
	{ "SecretAccessKey", offsetof(struct container_answer, secret), false },
	{ "Token", offsetof(struct container_answer, token), false },
	{ "Expiration", offsetof(struct container_answer, expiration), false },
	{ "AccountId", offsetof(struct container_answer, account), false },
};

/* Does plain HTTP to this host never leave the machine? */
static bool is_local(struct str host)
{
	static const char *const known[] = {
		"localhost", "169.254.170.2", "169.254.170.23",
		"[fd00:ec2::23]", "[::1]"
	};
	char text[HOST_MAX + 1] = "";
	unsigned char v4[4];

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (str_is(host, known[i]))
			return true;
	memcpy(text, host.p, host.n);
	return inet_pton(AF_INET, text, v4) == 1 && v4[0] == 127;
}

/* A host that a URL may have, and no user before it. */
static bool has_host(const struct url *url)
{
	return url->host.n > 0 && url->host.n <= HOST_MAX &&
	       !memchr(url->authority.p, '@', url->authority.n) &&
	       !memchr(url->authority.p, '\\', url->authority.n);
}

static int check_full_uri(struct creds_job *job, struct str uri)
{
	struct url url;

	if (!url_split(uri, &url))
		return err_set(&job->err, "InvalidConfig",
			       "AWS_CONTAINER_CREDENTIALS_FULL_URI: neither "
			       "http:// nor https://");
	if (!has_host(&url) || memchr(uri.p, ' ', uri.n))
		return err_set(&job->err, "InvalidConfig",
			       "AWS_CONTAINER_CREDENTIALS_FULL_URI: not a URL "
			       "with a host");
	if (!url_is_tls(&url) && !is_local(url.host))
		return err_set(&job->err, "InvalidConfig",
			       "AWS_CONTAINER_CREDENTIALS_FULL_URI: plain http "
			       "to %.*s is refused, it is not this host",
			       STR_FMT(url.host));
	return 0;
}

static int put_url(struct creds_job *job)
{
	struct str relative, full;

	if (config_source_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
				   &relative, &job->err) < 0 ||
	    config_source_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", &full,
				   &job->err) < 0)
		return -1;
	if (!relative.p) {
		buf_put_str(&job->url, full);
		return check_full_uri(job, full);
	}
	if (*relative.p != '/' || memchr(relative.p, ' ', relative.n))
		return err_set(&job->err, "InvalidConfig",
			       "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: not a "
			       "path");
	buf_puts(&job->url, "http://169.254.170.2");
	buf_put_str(&job->url, relative);
	return 0;
}

/* Read the file each time: its token is renewed there. */
static int put_token(struct creds_job *job)
{
	struct str file, token;

	if (config_source_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
				   &file, &job->err) < 0 ||
	    config_source_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN", &token,
				   &job->err) < 0)
		return -1;
	if (file.p) {
		const char *path = arena_dup(&job->arena, file).p;

		if (!path || file_load(path, &job->token, &job->err) < 0)
			return -1;
		token = buf_str(&job->token);
	}
	if (str_has_control(token))
		return err_set(&job->err, "InvalidConfig",
			       "%s: the token has a control character "
			       "or the end of a line in it", file.p ?
			       "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" :
			       "AWS_CONTAINER_AUTHORIZATION_TOKEN");
	if (token.n > 0)
		creds_job_header(job, "Authorization", token);
	return 0;
}

/* Put what the endpoint says behind what we know. */
static void quote(struct creds_job *job, const struct container_answer *answer)
{
	struct err was = job->err;

	if (answer->code.n == 0 && answer->message.n == 0)
		return;
	err_set(&job->err, was.code, "%s: %.*s%s%.*s", was.message,
		STR_FMT(answer->code),
		answer->code.n > 0 && answer->message.n > 0 ? ": " : "",
		STR_FMT(answer->message));
	job->err.status = was.status;
	job->err.retry = was.retry;
}

static void refused(struct creds_job *job)
{
	struct container_answer answer;
	struct err was;

	creds_job_refused(job, "container credentials");
	was = job->err;
	if (job->request.status == 0 ||
	    creds_job_pick(job, buf_str(&job->request.body_in), fields,
			   sizeof(fields) / sizeof(*fields), &answer) < 0) {
		job->err = was;
		return;
	}
	quote(job, &answer);
	creds_set_wipe(answer.secret);
	creds_set_wipe(answer.token);
}

static void take_keys(struct creds_job *job)
{
	struct creds_keys keys = { .from = job->step->from };
	struct container_answer answer;

	if (creds_job_pick(job, buf_str(&job->request.body_in), fields,
			   sizeof(fields) / sizeof(*fields), &answer) < 0)
		return;
	keys.access_key_id = answer.id;
	keys.secret_access_key = answer.secret;
	keys.session_token = answer.token;
	keys.account = answer.account;
	if (answer.expiration.n > 0 &&
	    iso_time(answer.expiration, &keys.expires) < 0) {
		err_set(&job->err, "CredentialsRefused",
			"container credentials: Expiration is not a time");
	} else if (answer.id.n == 0 && answer.code.n + answer.message.n > 0) {
		err_set(&job->err, "CredentialsRefused",
			"container credentials");
		quote(job, &answer);
	} else {
		creds_set_copy(&job->set, &keys, &job->err);
	}
	creds_set_wipe(answer.secret);
	creds_set_wipe(answer.token);
}

static void on_answer(struct creds_job *job)
{
	if (job->request.status == 200)
		take_keys(job);
	else
		refused(job);
	if (err_is_set(&job->err) && job->tries < TRIES)
		creds_job_again(job, RETRY_MS);
	else
		creds_job_end(job);
}

static int start(struct creds_job *job)
{
	creds_job_no_headers(job);
	creds_job_header(job, "Accept", STR("application/json"));
	job->limit_ms = LIMIT_MS;
	if (put_url(job) < 0 || put_token(job) < 0)
		return -1;
	job->request.direct = true;
	return creds_job_send(job, "GET", on_answer);
}

const struct creds_source creds_container = { start, NULL };
