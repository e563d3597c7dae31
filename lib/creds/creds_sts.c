/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE		/* erand48 */

#include "creds/creds_sts.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "config/config_endpoint.h"
#include "format/iso.h"
#include "format/uri.h"
#include "format/url.h"
#include "format/xml.h"
#include "hash/digest.h"
#include "http/http_head.h"
#include "http/retry.h"
#include "sign/sigv4.h"

enum { BASE_MS = 50, NAME_MAX_BYTES = 48, NUMBER_MAX_BYTES = 24 };

struct sts_answer {
	struct str id, secret, token, expiration, role;
	struct str account, arn;
	struct str code, message, bare_code, bare_message;
};

#define CREDENTIALS(action, member) \
	action "Response/" action "Result/Credentials/" member
#define FIELDS(action) \
	{ CREDENTIALS(action, "AccessKeyId"), \
	  offsetof(struct sts_answer, id) }, \
	{ CREDENTIALS(action, "SecretAccessKey"), \
	  offsetof(struct sts_answer, secret) }, \
	{ CREDENTIALS(action, "SessionToken"), \
	  offsetof(struct sts_answer, token) }, \
	{ CREDENTIALS(action, "Expiration"), \
	  offsetof(struct sts_answer, expiration) }, \
	{ action "Response/" action "Result/AssumedRoleUser/Arn", \
	  offsetof(struct sts_answer, role) }

static const struct xml_field role_fields[] = { FIELDS("AssumeRole") };
static const struct xml_field web_fields[] = {
	FIELDS("AssumeRoleWithWebIdentity")
};
static const struct xml_field identity_fields[] = {
	{ "GetCallerIdentityResponse/GetCallerIdentityResult/Account",
	  offsetof(struct sts_answer, account) },
	{ "GetCallerIdentityResponse/GetCallerIdentityResult/Arn",
	  offsetof(struct sts_answer, arn) },
};
static const struct xml_field error_fields[] = {
	{ "ErrorResponse/Error/Code", offsetof(struct sts_answer, code) },
	{ "ErrorResponse/Error/Message", offsetof(struct sts_answer, message) },
	{ "Error/Code", offsetof(struct sts_answer, bare_code) },
	{ "Error/Message", offsetof(struct sts_answer, bare_message) },
};

/* The form */

static void put_field(struct buf *form, const char *name, struct str value)
{
	if (!value.p)
		return;
	if (form->n > 0)
		buf_putc(form, '&');
	buf_puts(form, name);
	buf_putc(form, '=');
	uri_encode(form, value);
}

static void put_session_name(struct buf *form, const struct creds_step *step)
{
	struct buf text;

	if (step->session_name.p) {
		put_field(form, "RoleSessionName", step->session_name);
		return;
	}
	buf_init(&text, NAME_MAX_BYTES);
	buf_printf(&text, "s3ev-%lld", (long long)time(NULL));
	put_field(form, "RoleSessionName", buf_str(&text));
	buf_free(&text);
}

/* Read the file each time: its token is renewed there. */
static int put_web_token(struct creds_job *job)
{
	const char *path = arena_dup(&job->arena, job->step->token_file).p;
	struct str token;

	if (!path || file_load(path, &job->token, &job->err) < 0)
		return -1;
	token = buf_str(&job->token);
	while (token.n > 0 && strchr(" \t\r\n", token.p[token.n - 1]))
		token.n--;
	if (token.n == 0)
		return err_set(&job->err, "InvalidCredentials",
			       "%s: the web identity token is empty", path);
	put_field(&job->body, "WebIdentityToken", token);
	return 0;
}

static int put_form(struct creds_job *job)
{
	const struct creds_step *step = job->step;
	struct buf *form = &job->body;
	struct buf text;

	buf_reset(form);
	put_field(form, "Action", step->kind == CREDS_IDENTITY ?
		  STR("GetCallerIdentity") : step->kind == CREDS_ROLE ?
		  STR("AssumeRole") : STR("AssumeRoleWithWebIdentity"));
	put_field(form, "Version", STR("2011-06-15"));
	if (step->kind == CREDS_IDENTITY)
		return 0;
	put_field(form, "RoleArn", step->role_arn);
	put_session_name(form, step);
	put_field(form, "ExternalId", step->external_id);
	if (step->duration > 0) {
		buf_init(&text, NUMBER_MAX_BYTES);
		buf_printf(&text, "%lu", step->duration);
		put_field(form, "DurationSeconds", buf_str(&text));
		buf_free(&text);
	}
	return step->kind == CREDS_WEB_IDENTITY ? put_web_token(job) : 0;
}

/* The request */

/* Without a region, take the one endpoint that needs none. */
static struct str region_of(const struct creds_job *job)
{
	struct str region = job->config->region.value;

	return region.p ? region : STR("aws-global");
}

static int sign(struct creds_job *job)
{
	const struct creds_keys *keys = job->keys;
	struct sigv4_credentials credentials = {
		keys->access_key_id, keys->secret_access_key,
		keys->session_token
	};
	struct str_pair headers[] = {
		{ STR("host"), STR_NONE },
		{ STR("content-type"),
		  STR("application/x-www-form-urlencoded") }
	};
	struct sigv4_request request = {
		.method = STR("POST"), .headers = headers, .n_headers = 2,
		.region = config_endpoint_sign_region(region_of(job)),
		.service = STR("sts"),
		.time = time(NULL) + (time_t)job->clock_offset,
		.flags = SIGV4_NORMALIZE_PATH | SIGV4_ENCODE_PATH,
		.credentials = &credentials
	};
	unsigned char digest[DIGEST_SHA256_SIZE];
	char hex[DIGEST_HEX_SIZE(sizeof(digest))];
	struct sigv4_key key;
	struct sigv4_signed made;
	struct url url;
	int status;

	digest_sha256(job->body.p, job->body.n, digest);
	digest_hex(hex, digest, sizeof(digest));
	request.payload_hash = str_of(hex);
	if (!url_split(buf_str(&job->url), &url))
		return err_set(&job->err, "InvalidConfig", "%s: not a URL",
			       job->step->from);
	headers[0].value = url_host_header(&url);
	request.path = url.path;
	sigv4_signed_init(&made);
	memset(&key, 0, sizeof(key));
	status = sigv4_sign(&made, &key, &request, &job->err);
	sigv4_key_wipe(&key);
	if (status == 0) {
		creds_job_header(job, "X-Amz-Date", str_of(made.date));
		creds_job_header(job, "Authorization",
				 buf_str(&made.authorization));
		if (keys->session_token.n > 0)
			creds_job_header(job, "X-Amz-Security-Token",
					 keys->session_token);
	}
	creds_set_wipe(buf_str(&made.canonical_request));
	sigv4_signed_free(&made);
	return status;
}

static void on_answer(struct creds_job *job);

static int send_form(struct creds_job *job)
{
	buf_reset(&job->url);
	if (put_form(job) < 0 ||
	    config_endpoint(job->config, CONFIG_STS, region_of(job),
			    &job->url, &job->err) < 0)
		return -1;
	buf_putc(&job->url, '/');
	creds_job_no_headers(job);
	creds_job_header(job, "Content-Type",
			 STR("application/x-www-form-urlencoded"));
	if (job->step->kind != CREDS_WEB_IDENTITY && sign(job) < 0)
		return -1;
	return creds_job_send(job, "POST", on_answer);
}

static void try_again(struct creds_job *job)
{
	if (send_form(job) < 0)
		creds_job_end(job);
}

/* The answer */

/* Take over code and message of STS. */
static void explain(struct creds_job *job)
{
	struct sts_answer answer;
	struct err ignored;
	struct str code, message;

	creds_job_refused(job, job->step->from);
	if (job->request.status == 0)
		return;
	memset(&answer, 0, sizeof(answer));
	(void)xml_pick(buf_str(&job->request.body_in), error_fields,
		       sizeof(error_fields) / sizeof(*error_fields),
		       &job->arena, &answer, NULL, &ignored);
	code = answer.code.n > 0 ? answer.code : answer.bare_code;
	message = answer.code.n > 0 ? answer.message : answer.bare_message;
	if (code.n == 0) {
		job->err.retry = true;	/* STS says why it refuses */
		return;
	}
	err_set(&job->err, "", "%s: %.*s", job->step->from,
		STR_FMT(message.n > 0 ? message : STR("refused by STS")));
	memcpy(job->err.code, code.p, code.n < sizeof(job->err.code) ?
	       code.n : sizeof(job->err.code) - 1);
	job->err.status = job->request.status;
	job->err.retry = job->request.status >= 500 ||
			 retry_class(&job->err) != RETRY_NEVER;
}

/*
 * STS calls a wrong clock a wrong signature: the date of its answer tells.  Go by
 * that, once, if it is surely STS that has answered.
 */
static bool mend_clock(struct creds_job *job)
{
	long long off;

	if ((!err_is(&job->err, "SignatureDoesNotMatch") &&
	     !err_is(&job->err, "RequestExpired")) ||
	    !http_head_clock(&job->request, &off) ||
	    llabs(off - job->clock_offset) <= HTTP_CLOCK_BORNE ||
	    llabs(off) > HTTP_CLOCK_MAX || job->clock_offset != 0 ||
	    !str_has_prefix(buf_str(&job->url), STR("https://")))
		return false;
	job->clock_offset = off;
	creds_job_wait(job, 0, try_again);
	return true;
}

static bool try_later(struct creds_job *job)
{
	enum retry_class class = retry_class(&job->err);
	unsigned short seed[3] = { (unsigned short)job->tries };
	struct timespec now;

	if (class == RETRY_NEVER || job->tries >= creds_job_max_tries(job))
		return false;
	clock_gettime(CLOCK_MONOTONIC, &now);
	seed[1] = (unsigned short)(now.tv_nsec >> 4);
	seed[2] = (unsigned short)(now.tv_nsec >> 14);
	creds_job_wait(job, retry_delay(class, job->tries, BASE_MS,
					erand48(seed)), try_again);
	return true;
}

/* The account in "arn:aws:sts::ACCOUNT:assumed-role/...". */
static struct str account_of(struct str arn)
{
	size_t colons = 0, start = 0;

	for (size_t i = 0; i < arn.n; i++) {
		if (arn.p[i] != ':')
			continue;
		if (++colons == 4)
			start = i + 1;
		else if (colons == 5)
			return (struct str){ arn.p + start, i - start };
	}
	return STR_NONE;
}

static void take_keys(struct creds_job *job, const struct sts_answer *answer)
{
	struct creds_keys keys = {
		.access_key_id = answer->id,
		.secret_access_key = answer->secret,
		.session_token = answer->token,
		.account = account_of(answer->role),
		.from = job->step->from
	};

	if (answer->expiration.n > 0 &&
	    iso_time(answer->expiration, &keys.expires) < 0)
		err_set(&job->err, "CredentialsRefused",
			"%s: Expiration is not a time", job->step->from);
	else
		creds_set_copy(&job->set, &keys, &job->err);
	creds_set_wipe(answer->secret);
	creds_set_wipe(answer->token);
}

static int read_answer(struct creds_job *job, struct sts_answer *answer)
{
	const struct xml_field *fields = identity_fields;
	size_t count = sizeof(identity_fields) / sizeof(*identity_fields);
	struct err why;

	if (job->step->kind != CREDS_IDENTITY) {
		fields = job->step->kind == CREDS_ROLE ? role_fields :
							 web_fields;
		count = sizeof(role_fields) / sizeof(*role_fields);
	}
	memset(answer, 0, sizeof(*answer));
	if (xml_pick(buf_str(&job->request.body_in), fields, count,
		     &job->arena, answer, NULL, &why) == 0)
		return 0;
	err_set(&job->err, why.code, "%s: %s", job->step->from, why.message);
	job->err.retry = true;
	return -1;
}

static void on_answer(struct creds_job *job)
{
	struct sts_answer answer;

	if (job->request.status != 200)
		explain(job);
	else if (read_answer(job, &answer) == 0 &&
		 job->step->kind != CREDS_IDENTITY)
		take_keys(job, &answer);
	if (err_is_set(&job->err) && (mend_clock(job) || try_later(job))) {
		memset(&job->err, 0, sizeof(job->err));
		return;
	}
	if (!err_is_set(&job->err) && job->step->kind == CREDS_IDENTITY) {
		job->account = answer.account;
		job->arn = answer.arn;
	}
	creds_job_end(job);
}

const struct creds_source creds_sts = { send_form, NULL };
