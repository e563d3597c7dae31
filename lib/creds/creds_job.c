/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE		/* explicit_bzero */

#include "creds/creds_job.h"

#include <string.h>

#include "format/json_pick.h"
#include "http/retry.h"

enum { ARENA_MAX = 1 << 20, FIRST_ROOM = 16 << 10, TRIES = 3,
       BASE_MS = 400 };

/* Make room first: a buffer that grows leaves copies that nobody wipes. */
static void open_buf(struct buf *buf)
{
	buf_init(buf, CREDS_TEXT_MAX);
	buf_room(buf, FIRST_ROOM);
}

int creds_job_start(struct creds_job *job)
{
	arena_init(&job->arena, ARENA_MAX);
	http_init(&job->request);
	buf_room(&job->request.body_in, FIRST_ROOM);
	buf_init(&job->url, CONFIG_URL_MAX * 2);
	open_buf(&job->heads);
	open_buf(&job->body);
	open_buf(&job->token);
	memset(&job->err, 0, sizeof(job->err));
	job->tries = 0;
	job->clock_offset = 0;
	if (job->source)
		return job->source->start(job);
	return err_set(&job->err, "InvalidCredentials", "nothing to fetch");
}

static void wipe_buf(struct buf *buf)
{
	if (buf->p)
		explicit_bzero(buf->p, buf->size);
	buf_free(buf);
}

/* Stop what runs and wipe what was read, but keep the result. */
static void clear(struct creds_job *job)
{
	if (job->source && job->source->stop)
		job->source->stop(job);
	loop_timer_stop(&job->timer);
	http_cancel(&job->request);
	wipe_buf(&job->request.body_in);
	http_request_free(&job->request);
	wipe_buf(&job->heads);
	wipe_buf(&job->body);
	wipe_buf(&job->token);
	buf_free(&job->url);
}

void creds_job_free(struct creds_job *job)
{
	clear(job);
	arena_free(&job->arena);
	creds_set_free(&job->set);
	memset(job, 0, sizeof(*job));
}

void creds_job_end(struct creds_job *job)
{
	clear(job);
	job->done(job->arg);
}

/* Requests */

void creds_job_no_headers(struct creds_job *job)
{
	buf_reset(&job->heads);
}

void creds_job_header(struct creds_job *job, const char *name,
		      struct str value)
{
	buf_puts(&job->heads, name);
	buf_puts(&job->heads, ": ");
	buf_put_str(&job->heads, value);
	buf_putc(&job->heads, '\0');
}

/* Each header in heads ends in NUL; -1 if they are too many or too long. */
static int list_headers(struct creds_job *job)
{
	const char *at = job->heads.p;
	size_t n = 0;

	while (at && at < job->heads.p + job->heads.n) {
		if (n == CREDS_HEADERS_MAX)
			return -1;
		job->headers[n++] = at;
		at += strlen(at) + 1;
	}
	job->headers[n] = NULL;
	return job->heads.failed || job->url.failed || job->body.failed ||
	       !buf_cstr(&job->url) ? -1 : 0;
}

static void on_answer(void *arg)
{
	struct creds_job *job = arg;

	loop_timer_stop(&job->timer);
	if (err_is_set(&job->request.err))
		job->request.status = 0; /* an answer cut short is none */
	job->answered(job);
}

static void on_limit(void *arg)
{
	struct creds_job *job = arg;

	http_cancel(&job->request);
	job->request.status = 0;
	err_set(&job->request.err, "Timeout", "no answer in time");
	job->request.err.retry = true;
	job->answered(job);
}

static int send_request(struct creds_job *job)
{
	job->tries++;
	if (http_start(job->http, &job->request, &job->err) < 0)
		return -1;
	if (job->limit_ms > 0)
		loop_timer_set(job->loop, &job->timer, job->limit_ms,
			       on_limit, job);
	return 0;
}

int creds_job_send(struct creds_job *job, const char *method,
		   void (*answered)(struct creds_job *job))
{
	struct http_request *request = &job->request;

	if (list_headers(job) < 0)
		return err_set(&job->err, "InvalidConfig", "%s: the request "
			       "is too large", job->step->from);
	request->method = method;
	request->url = job->url.p;
	request->headers = job->headers;
	request->body = job->body.n > 0 ? buf_str(&job->body) : STR_NONE;
	request->done = on_answer;
	request->arg = job;
	job->answered = answered;
	return send_request(job);
}

static void on_time(void *arg)
{
	struct creds_job *job = arg;

	job->woken(job);
}

void creds_job_wait(struct creds_job *job, uint64_t ms,
		    void (*fn)(struct creds_job *job))
{
	job->woken = fn;
	loop_timer_set(job->loop, &job->timer, ms, on_time, job);
}

unsigned creds_job_max_tries(const struct creds_job *job)
{
	unsigned long set = job->config->max_attempts.value;

	return set > 0 ? (unsigned)set : TRIES;
}

static void send_again(struct creds_job *job)
{
	memset(&job->err, 0, sizeof(job->err));
	if (send_request(job) < 0)
		creds_job_end(job);
}

void creds_job_again(struct creds_job *job, uint64_t ms)
{
	creds_job_wait(job, ms, send_again);
}

bool creds_job_retry(struct creds_job *job)
{
	enum retry_class class = retry_class(&job->err);

	if (class == RETRY_NEVER || job->tries >= creds_job_max_tries(job))
		return false;
	creds_job_again(job, retry_delay(class, job->tries, BASE_MS, 0.5));
	return true;
}

void creds_job_refused(struct creds_job *job, const char *where)
{
	const struct http_request *request = &job->request;

	if (request->status == 0) {
		err_set(&job->err, request->err.code, "%s: %s", where,
			request->err.message);
		job->err.retry = request->err.retry;
		return;
	}
	err_set(&job->err, "CredentialsRefused", "%s: HTTP %ld", where,
		request->status);
	job->err.status = request->status;
	job->err.retry = request->status >= 500 ||
			 retry_class(&job->err) != RETRY_NEVER;
}

int creds_job_pick(struct creds_job *job, struct str text,
		   const struct json_pick_field *fields, size_t count,
		   void *result)
{
	struct err why;

	if (json_pick(fields, count, text, &job->arena, result, &why) == 0)
		return 0;
	return err_set(&job->err, why.code, "%s: not the expected JSON: %s",
		       job->step->from, why.message);
}
