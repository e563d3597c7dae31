/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE		/* explicit_bzero */

#include "creds_job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pick.h"

enum { ARENA_MAX = 1 << 20, FIRST_ROOM = 16 << 10 };

/* Keys */

void creds_wipe(struct str text)
{
	if (text.n > 0)
		explicit_bzero((char *)(uintptr_t)text.p, text.n);
}

void creds_set_free(struct creds_set *set)
{
	if (set->bytes)
		explicit_bzero(set->bytes, set->n);
	free(set->bytes);
	memset(set, 0, sizeof(*set));
}

static bool is_printable(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F)
			return false;
	return true;
}

/* Copy to *at, which moves on behind it. */
static struct str copy_to(char **at, struct str s)
{
	char *p = *at;

	if (s.n == 0)
		return STR_NONE;
	memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	*at += s.n + 1;
	return (struct str){ p, s.n };
}

int creds_set_copy(struct creds_set *set, const struct creds_keys *keys,
		   struct err *err)
{
	struct creds_set made = { .keys = *keys };
	char *at;

	if (keys->access_key_id.n == 0 || keys->secret_access_key.n == 0)
		return err_set(err, "InvalidCredentials",
			       "%s: there is no %s", keys->from,
			       keys->access_key_id.n == 0 ? "access key id" :
			       "secret access key");
	if (!is_printable(keys->access_key_id) ||
	    !is_printable(keys->secret_access_key) ||
	    !is_printable(keys->session_token) || !is_printable(keys->account))
		return err_set(err, "InvalidCredentials",
			       "%s: control character in the keys", keys->from);
	made.n = keys->access_key_id.n + keys->secret_access_key.n +
		 keys->session_token.n + keys->account.n + 4;
	made.bytes = at = malloc(made.n);
	if (!at)
		return err_set(err, "OutOfMemory", "out of memory");
	memset(at, 0, made.n);
	made.keys.access_key_id = copy_to(&at, keys->access_key_id);
	made.keys.secret_access_key = copy_to(&at, keys->secret_access_key);
	made.keys.session_token = copy_to(&at, keys->session_token);
	made.keys.account = copy_to(&at, keys->account);
	creds_set_free(set);
	*set = made;
	return 0;
}

/* Files */

int creds_read_file(const char *path, struct buf *text, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int status = 0;

	buf_reset(text);
	while (fd >= 0 && status == 0) {
		char *room = buf_room(text, 4096);
		ssize_t n = room ? read(fd, room, 4096) : -1;

		if (!room)
			errno = EFBIG;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			status = n < 0 ? -1 : 1;
		else
			text->n += (size_t)n;
	}
	if (status <= 0) {
		err_errno(err, "%s", path);
		err->retry = false;
	}
	if (fd >= 0)
		close(fd);
	return status > 0 ? 0 : -1;
}

/* Life of a job */

/* Room at once: growing would leave copies behind that nobody wipes. */
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
	switch (job->step->kind) {
	case CREDS_PROCESS:
		return creds_process_start(job);
	case CREDS_SSO:
		return creds_sso_start(job);
	case CREDS_CONTAINER:
		return creds_container_start(job);
	case CREDS_IMDS:
		return creds_imds_start(job);
	case CREDS_ROLE:
	case CREDS_WEB_IDENTITY:
	case CREDS_IDENTITY:
		return creds_sts_start(job);
	case CREDS_STATIC:
		break;
	}
	return err_set(&job->err, "InvalidCredentials", "nothing to fetch");
}

static void wipe_buf(struct buf *buf)
{
	if (buf->p)
		explicit_bzero(buf->p, buf->size);
	buf_free(buf);
}

/* Stop what runs and forget what was read; the result stays. */
static void clear(struct creds_job *job)
{
	if (job->process)
		creds_process_stop(job);
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

void creds_job_keys(struct creds_job *job, const struct creds_keys *keys)
{
	if (keys)
		creds_set_copy(&job->set, keys, &job->err);
	clear(job);
	job->done(job->arg);
}

void creds_job_fail(struct creds_job *job)
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

/* The headers lie one behind the other, each ended by NUL. */
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
		job->request.status = 0;	/* what was cut short is no answer */
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
		return err_set(&job->err, "InvalidConfig", "%s: a request too "
			       "large", job->step->from);
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

static void send_again(struct creds_job *job)
{
	memset(&job->err, 0, sizeof(job->err));
	if (send_request(job) < 0)
		creds_job_fail(job);
}

void creds_job_again(struct creds_job *job, uint64_t ms)
{
	creds_job_wait(job, ms, send_again);
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
	job->err.retry = request->status >= 500 || request->status == 429;
}

int creds_job_pick(struct creds_job *job, struct str text,
		   const struct pick_field *fields, size_t count,
		   void *result)
{
	struct pick *picker = pick_new(fields, count);
	struct err why;
	int status;

	if (!picker)
		return err_set(&job->err, "OutOfMemory", "out of memory");
	status = pick_object(picker, text, &job->arena, result, &why);
	if (status < 0)
		err_set(&job->err, why.code, "%s: not the JSON that it should "
			"be: %s", job->step->from, why.message);
	pick_free(picker);
	return status;
}
