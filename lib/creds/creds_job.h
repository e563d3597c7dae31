/* SPDX-License-Identifier: Apache-2.0 */
/*
 * creds_job: one step of a chain of credentials, under way in the loop.
 *
 * A source of keys (creds_process, creds_sts, creds_sso, creds_container,
 * creds_imds) is a struct creds_source.  The caller picks one, fills the first
 * part of a job and starts it.  done is called once, with keys or an error in
 * the second part.  The third part is what the sources share: a request that
 * has a time limit and can be sent again, and memory that is wiped.
 *
 *	creds_job_start()
 *	   |  source->start() ------------------------> -1: err, nothing runs
 *	   v
 *	creds_job_send() <-----------------------------------+
 *	   |  the answer is there, or limit_ms are over      |
 *	   v                                                 |
 *	answered() -- creds_job_send(): the next request ----+
 *	   |  |                                              |
 *	   |  +------ creds_job_again(): the same, later ----+
 *	   |  |                                              |
 *	   |  +------ creds_job_wait(): woken(), later ------+
 *	   v
 *	creds_job_end()
 *	   |  requests, timer and process are stopped, buffers are wiped
 *	   v
 *	done()
 *
 * IMDS sends three requests one after the other: for a token, the name of the
 * role, its keys.  SSO sends up to two.  creds_process sends none: it starts a
 * program and waits for its end, or for woken().  creds_job_free() stops a job
 * in any of these states, and done is not called.
 */
#ifndef S3EV_CREDS_JOB_H
#define S3EV_CREDS_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "config/config.h"
#include "creds/creds.h"
#include "creds/creds_chain.h"
#include "creds/creds_set.h"
#include "format/json_pick.h"
#include "http/http.h"
#include "io/loop.h"

struct creds_job;

/* Where keys come from. */
struct creds_source {
	/* Begin; -1 with job->err when it cannot even begin. */
	int (*start)(struct creds_job *job);
	/* Stop what job->process is, if anything.  NULL: it starts none. */
	void (*stop)(struct creds_job *job);
};

enum { CREDS_HEADERS_MAX = 8, CREDS_TEXT_MAX = 64 << 10 };

struct creds_job {
	/* The question: set by the caller, borrowed until the job is freed. */
	const struct creds_source *source;
	const struct config *config;
	struct loop *loop;
	struct http *http;
	const struct creds_step *step;
	const struct creds_keys *keys;	/* for a source that signs */
	bool failed_before;		/* the last one; see creds_token.h */
	void (*done)(void *arg);	/* never from creds_job_start() */
	void *arg;

	/* The result: either keys or an error. */
	struct creds_set set;
	struct err err;			/* code[0] == 0: none */
	struct str account, arn;	/* of CREDS_IDENTITY; in arena */

	/* The work: for the sources only. */
	struct arena arena;
	struct http_request request;	/* the request and its answer */
	struct loop_timer timer;	/* of the limit, or of a wait */
	struct buf url, heads, body;	/* of the request */
	struct buf token;		/* a secret that goes with it */
	const char *headers[CREDS_HEADERS_MAX + 1];	/* into heads */
	unsigned tries;			/* of this request, so far */
	long long clock_offset;		/* to add to our clock, to sign */
	uint64_t limit_ms;		/* for one try; 0: the client's own */
	void (*answered)(struct creds_job *job);
	void (*woken)(struct creds_job *job);
	int (*then)(struct creds_job *job);	/* of creds_token_start() */
	void *process;			/* owned by creds_process */
};

/*
 * Begin.  -1 with job->err when it cannot even begin; the job is then as if it
 * was done.  A CREDS_STATIC step has no source and needs no job.
 */
int creds_job_start(struct creds_job *job);

/* Stop if it runs, wipe, free.  Does nothing to one that is all zero. */
void creds_job_free(struct creds_job *job);

/* For the sources */

/* Give job->set or job->err to the caller: the last thing that a source does. */
void creds_job_end(struct creds_job *job);

/* Forget all headers; add one.  With one too many creds_job_send() fails. */
void creds_job_no_headers(struct creds_job *job);
void creds_job_header(struct creds_job *job, const char *name,
		      struct str value);

/*
 * Send a request to job->url, with job->body unless that is empty.  answered is
 * called with the answer in job->request; if there is none, request.status is 0
 * and request.err says why.
 */
int creds_job_send(struct creds_job *job, const char *method,
		   void (*answered)(struct creds_job *job));

/* Send the same request again, after a while; the same function is called. */
void creds_job_again(struct creds_job *job, uint64_t ms);

/*
 * How often STS and SSO are asked, the first time included: as is set for all
 * services, else three times.
 */
unsigned creds_job_max_tries(const struct creds_job *job);

/*
 * creds_job_again(), if job->err is one that may pass and there are tries left;
 * else false.
 */
bool creds_job_retry(struct creds_job *job);

/* Call fn later. */
void creds_job_wait(struct creds_job *job, uint64_t ms,
		    void (*fn)(struct creds_job *job));

/*
 * Set job->err when the answer was not 200: to the transport's error if there
 * was no answer, else to "WHERE: HTTP 403".
 */
void creds_job_refused(struct creds_job *job, const char *where);

/* Pick texts out of a JSON answer, into job->arena.  Wipe secret ones. */
int creds_job_pick(struct creds_job *job, struct str text,
		   const struct json_pick_field *fields, size_t count,
		   void *result);

#endif
