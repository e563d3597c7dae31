/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The credentials endpoint of a container: ECS, EKS Pod Identity, Greengrass.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 */
#include "creds_job.h"

#include <arpa/inet.h>
#include <string.h>

#include "iso.h"
#include "pick.h"

enum { LIMIT_MS = 2000, TRIES = 3, RETRY_MS = 1000 };

struct answer {
	struct str code, message, id, secret, token, expiration, account;
};

static const struct pick_field fields[] = {
	{ "code", offsetof(struct answer, code), false },
	{ "message", offsetof(struct answer, message), false },
	{ "AccessKeyId", offsetof(struct answer, id), false },
	{ "SecretAccessKey", offsetof(struct answer, secret), false },
	{ "Token", offsetof(struct answer, token), false },
	{ "Expiration", offsetof(struct answer, expiration), false },
	{ "AccountId", offsetof(struct answer, account), false },
};

/* An address that plain HTTP may go to: it never leaves the host. */
static bool is_local(const char *host)
{
	static const char *const known[] = {
		"localhost", "169.254.170.2", "169.254.170.23",
		"fd00:ec2::23", "::1"
	};
	unsigned char v4[4];

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(host, known[i]) == 0)
			return true;
	return inet_pton(AF_INET, host, v4) == 1 && v4[0] == 127;
}

/* The host without port and brackets; -1 if there is none, or a user. */
static int host_of(struct str authority, char host[256])
{
	struct str s = authority;
	size_t n = 0;

	if (s.n > 0 && *s.p == '[') {
		s.p++;
		s.n--;
		while (n < s.n && s.p[n] != ']')
			n++;
	} else {
		while (n < s.n && s.p[n] != ':')
			n++;
	}
	if (n == 0 || n > 255 || memchr(authority.p, '@', authority.n) ||
	    memchr(authority.p, '\\', authority.n))
		return -1;
	memcpy(host, s.p, n);
	host[n] = '\0';
	return 0;
}

static int check_full_uri(struct creds_job *job, struct str uri)
{
	bool tls = str_has_prefix(uri, STR("https://"));
	struct str rest = { uri.p, uri.n };
	char host[256];
	size_t n = 0;

	if (!tls && !str_has_prefix(uri, STR("http://")))
		return err_set(&job->err, "InvalidConfig",
			       "AWS_CONTAINER_CREDENTIALS_FULL_URI: neither "
			       "http:// nor https://");
	rest.p += tls ? 8 : 7;
	rest.n -= tls ? 8 : 7;
	while (n < rest.n && !strchr("/?#", rest.p[n]))
		n++;
	if (host_of((struct str){ rest.p, n }, host) < 0 ||
	    memchr(uri.p, ' ', uri.n))
		return err_set(&job->err, "InvalidConfig",
			       "AWS_CONTAINER_CREDENTIALS_FULL_URI: not a URL "
			       "with a host");
	if (!tls && !is_local(host))
		return err_set(&job->err, "InvalidConfig",
			       "AWS_CONTAINER_CREDENTIALS_FULL_URI: plain http "
			       "to %s is refused, it is not this host", host);
	return 0;
}

static int put_url(struct creds_job *job)
{
	struct str relative, full;

	if (config_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
			    &relative, &job->err) < 0 ||
	    config_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", &full,
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

	if (config_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &file,
			    &job->err) < 0 ||
	    config_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN", &token,
			    &job->err) < 0)
		return -1;
	if (file.p) {
		const char *path = arena_dup(&job->arena, file).p;

		if (!path || creds_read_file(path, &job->token, &job->err) < 0)
			return -1;
		token = buf_str(&job->token);
	}
	for (size_t i = 0; i < token.n; i++)
		if ((unsigned char)token.p[i] < ' ' || token.p[i] == 0x7F)
			return err_set(&job->err, "InvalidConfig",
				       "%s: the token has a control character "
				       "or the end of a line in it", file.p ?
				       "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" :
				       "AWS_CONTAINER_AUTHORIZATION_TOKEN");
	if (token.n > 0)
		creds_job_header(job, "Authorization", token);
	return 0;
}

static void on_answer(struct creds_job *job)
{
	struct creds_keys keys = { .from = job->step->from };
	struct answer answer = { 0 };
	bool good = job->request.status == 200;

	if (!good)
		creds_job_refused(job, "container credentials");
	else
		good = creds_job_pick(job, buf_str(&job->request.body_in),
				      fields, sizeof(fields) / sizeof(*fields),
				      &answer) == 0;
	if (good && answer.expiration.n > 0 &&
	    iso_time(answer.expiration, &keys.expires) < 0) {
		err_set(&job->err, "CredentialsRefused",
			"container credentials: Expiration is no time");
		good = false;
	}
	if (!good && job->tries < TRIES) {
		creds_job_again(job, RETRY_MS);
		return;
	}
	if (good) {
		keys.access_key_id = answer.id;
		keys.secret_access_key = answer.secret;
		keys.session_token = answer.token;
		keys.account = answer.account;
		creds_set_copy(&job->set, &keys, &job->err);
	}
	creds_wipe(answer.secret);
	creds_wipe(answer.token);
	creds_job_keys(job, NULL);
}

int creds_container_start(struct creds_job *job)
{
	creds_job_no_headers(job);
	creds_job_header(job, "Accept", STR("application/json"));
	job->limit_ms = LIMIT_MS;
	if (put_url(job) < 0 || put_token(job) < 0)
		return -1;
	job->request.direct = true;
	return creds_job_send(job, "GET", on_answer);
}
