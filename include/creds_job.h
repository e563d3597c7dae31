/* SPDX-License-Identifier: Apache-2.0 */
/*
 * creds_job: one step of a chain of credentials, under way in the loop.
 *
 * The caller fills the first part and starts it; done is called once, with
 * either keys or an error in the job.  The rest of this header is what the
 * sources (creds_process, creds_sts, creds_sso with creds_token,
 * creds_container, creds_imds) share: a request with a time limit that can be
 * sent again, and keys that are wiped.
 */
#ifndef S3EV_CREDS_JOB_H
#define S3EV_CREDS_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "arena.h"
#include "buf.h"
#include "config.h"
#include "creds.h"
#include "creds_chain.h"
#include "err.h"
#include "http.h"
#include "json.h"
#include "loop.h"
#include "pick.h"
#include "str.h"

/* Keys and the memory that they lie in; all zero is empty. */
struct creds_set {
	struct creds_keys keys;
	char *bytes;		/* owned */
	size_t n;
};

/*
 * Copy keys into set, over what was there.  -1 with "InvalidCredentials" when
 * one of the two is missing, or when any text in it holds a control character
 * (it would go into a header).
 */
int creds_set_copy(struct creds_set *set, const struct creds_keys *keys,
		   struct err *err);

/* Wipe and free. */
void creds_set_free(struct creds_set *set);

enum { CREDS_HEADERS_MAX = 8, CREDS_TEXT_MAX = 64 << 10 };

struct creds_job {
	const struct config *config;
	struct loop *loop;
	struct http *http;
	const struct creds_step *step;
	const struct creds_keys *keys;	/* for steps that need some */
	void (*done)(void *arg);	/* never from creds_job_start() */
	void *arg;

	struct creds_set set;		/* the result: keys, */
	struct err err;			/* or code[0] != 0 */
	struct str account, arn;	/* of CREDS_IDENTITY; in arena */

	/* For the sources only. */
	struct arena arena;
	struct http_request request;
	struct loop_timer timer;
	struct buf url, heads, body, token;
	const char *headers[CREDS_HEADERS_MAX + 1];
	unsigned tries;
	uint64_t limit_ms;		/* for one try; 0: the client's own */
	void (*answered)(struct creds_job *job);
	void (*woken)(struct creds_job *job);
	int (*then)(struct creds_job *job);	/* of creds_token_start() */
	void *process;			/* owned by creds_process */
};

/*
 * Begin.  -1 with job->err when it cannot even begin; the job is then as if it
 * was done.  A CREDS_STATIC step needs no job.
 */
int creds_job_start(struct creds_job *job);

/* Stop if it runs, wipe, free.  Does nothing to one that is all zero. */
void creds_job_free(struct creds_job *job);

/* For the sources */

/* Give keys or an error to the caller.  The last thing that a source does. */
void creds_job_keys(struct creds_job *job, const struct creds_keys *keys);
void creds_job_fail(struct creds_job *job);	/* job->err is set */

/* Begin a new set of headers, add one.  A header too many is dropped and the
 * request fails. */
void creds_job_no_headers(struct creds_job *job);
void creds_job_header(struct creds_job *job, const char *name,
		      struct str value);

/*
 * Send job->url, and job->body unless it is empty; answered is called with
 * the answer in job->request, or with request.status 0 and request.err.
 */
int creds_job_send(struct creds_job *job, const char *method,
		   void (*answered)(struct creds_job *job));

/* Send the same request again, after a while; the same function is called. */
void creds_job_again(struct creds_job *job, uint64_t ms);

/* Call fn later. */
void creds_job_wait(struct creds_job *job, uint64_t ms,
		    void (*fn)(struct creds_job *job));

/*
 * Make job->err out of an answer that was not 200: the transport's error, else
 * "HTTP 403" with what says where it came from.
 */
void creds_job_refused(struct creds_job *job, const char *where);

/* Pick texts out of a JSON answer, into job->arena.  Wipe secret ones. */
int creds_job_pick(struct creds_job *job, struct str text,
		   const struct pick_field *fields, size_t count,
		   void *result);
void creds_wipe(struct str text);

/* The content of a small file, in buf (wiped by the job).  -1 with err. */
int creds_read_file(const char *path, struct buf *text, struct err *err);

int creds_process_start(struct creds_job *job);
void creds_process_stop(struct creds_job *job);
int creds_sts_start(struct creds_job *job);
int creds_sso_start(struct creds_job *job);

/*
 * The token of a session of IAM Identity Center, in job->token; then is called
 * when it is there, now or later, and sends the next request.
 */
int creds_token_start(struct creds_job *job,
		      int (*then)(struct creds_job *job));

/* -1 with "SSOTokenExpired": why, and what to run. */
int creds_token_log_in(struct creds_job *job, const char *why);

int creds_container_start(struct creds_job *job);
int creds_imds_start(struct creds_job *job);

#endif
