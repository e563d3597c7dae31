/* SPDX-License-Identifier: Apache-2.0 */
/*
 * creds: a whole chain of credentials, from environment and files to keys,
 * with the input as the server of every request.
 *
 * Input: see fuzz_config.h, the other file is a token; then an answer in each
 * part, its status in the first line.
 */
#define _GNU_SOURCE

#include "fuzz_config.h"
#include "fuzz_keys.h"

#include <yajl/yajl_tree.h>

#include "config/config_source.h"
#include "creds/creds_chain.h"
#include "creds/creds_container.h"
#include "creds/creds_imds.h"
#include "creds/creds_job.h"
#include "creds/creds_sso.h"
#include "creds/creds_sts.h"

/* A client and a loop of our own */

static struct http_request *running;
static struct loop_timer *ringing;

void http_init(struct http_request *request)
{
	memset(request, 0, sizeof(*request));
	buf_init(&request->head, HTTP_HEAD_MAX);
	buf_init(&request->body_in, HTTP_BODY_MAX);
}

void http_cancel(struct http_request *request)
{
	if (running == request)
		running = NULL;
}

void http_request_free(struct http_request *request)
{
	http_cancel(request);
	buf_free(&request->head);
	buf_free(&request->body_in);
}

static void check_request(const struct http_request *request)
{
	/* The environment may set any URI for a container. */
	CHECK(!strchr(request->url, ' ') &&
	      !fuzz_has_control(str_of(request->url)),
	      "no blank or control byte is in a URL");
	CHECK(str_has_prefix(str_of(request->url), STR("http://")) ||
	      str_has_prefix(str_of(request->url), STR("https://")),
	      "a URL has a scheme");
	for (size_t i = 0; request->headers[i]; i++) {
		CHECK(i < CREDS_HEADERS_MAX, "headers are few");
		CHECK(strstr(request->headers[i], ": ") &&
		      !fuzz_has_control(str_of(request->headers[i])),
		      "a header is one line");
	}
}

int http_start(struct http *http, struct http_request *request,
	       struct err *err)
{
	(void)http;
	(void)err;
	CHECK(!running, "one request at a time");
	check_request(request);
	buf_reset(&request->head);
	buf_reset(&request->body_in);
	memset(&request->err, 0, sizeof(request->err));
	request->status = 0;
	running = request;
	return 0;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t ms,
		    void (*fn)(void *arg), void *arg)
{
	(void)loop;
	CHECK(ms < 3600 * 1000, "nothing waits for hours");
	timer->fn = fn;
	timer->arg = arg;
	ringing = timer;
}

void loop_timer_stop(struct loop_timer *timer)
{
	if (ringing == timer)
		ringing = NULL;
}

/* No child is ever started here. */
int loop_watch(struct loop *loop, int fd, short events, loop_fd_fn *fn,
	       void *arg)
{
	(void)loop;
	(void)fd;
	(void)events;
	(void)fn;
	(void)arg;
	abort();
}

int loop_child(struct loop *loop, pid_t pid, loop_child_fn *fn, void *arg)
{
	(void)loop;
	(void)pid;
	(void)fn;
	(void)arg;
	abort();
}

/* These read the token files, and write one, which is thrown away. */

static ssize_t fuzz_write(int fd, const void *bytes, size_t n)
{
	char *text = fuzz_cstr((struct str){ bytes, n }), why[256];
	yajl_val tree = yajl_tree_parse(text, why, sizeof(why));

	(void)fd;
	CHECK(tree && YAJL_IS_OBJECT(tree), "the token's file is JSON");
	yajl_tree_free(tree);
	free(text);
	return (ssize_t)n;
}

static int fuzz_rename(const char *from, const char *to)
{
	CHECK(str_has_prefix(str_of(from), str_of(to)),
	      "a file is made beside the one it replaces");
	return 0;
}

static int fuzz_unlink(const char *path)
{
	(void)path;
	return 0;
}

#undef _DEFAULT_SOURCE
#define open fuzz_open
#define read fuzz_read
#define write fuzz_write
#define close fuzz_close
#define rename fuzz_rename
#define unlink fuzz_unlink
#include "../../lib/creds/creds_job.c"
#include "../../lib/creds/creds_token.c"
#undef open
#undef read
#undef write
#undef close
#undef rename
#undef unlink

/* The next part of the input is the answer. */
static void answer(struct str *rest)
{
	struct http_request *request = running;
	struct str part = fuzz_part(rest);
	char *first;

	running = NULL;
	if (part.n == 0) {
		err_set(&request->err, "CouldNotConnect", "no more");
		request->err.retry = true;
	} else {
		first = fuzz_cstr(fuzz_line(&part));
		request->status = 100 + labs(atol(first)) % 500;
		free(first);
		buf_put_str(&request->body_in, part);
	}
	request->done(request->arg);
}

static void on_done(void *arg)
{
	*(bool *)arg = true;
}

static void check_result(const struct creds_job *job)
{
	const struct creds_keys *keys = &job->set.keys;

	if (err_is_set(&job->err) || job->step->kind == CREDS_IDENTITY)
		return;
	fuzz_check_keys(keys);
	CHECK(keys->from && *keys->from, "it is known where keys come from");
}

enum { TRIES_MAX = 3 };

/* How often each request may be sent, as set for the metadata service. */
static unsigned tries_max(const struct creds_job *job)
{
	const struct ini_entry *entry = NULL;
	unsigned long long tries;
	struct err ignored;
	struct str text;

	if (job->step->kind != CREDS_IMDS)
		return TRIES_MAX;
	if (config_source_variable("AWS_METADATA_SERVICE_NUM_ATTEMPTS", &text,
				   &ignored) < 0)
		return 1;
	if (!text.p)
		config_source_property(job->config, job->config->profile.value,
				       "metadata_service_num_attempts", &entry,
				       &ignored);
	if (entry)
		text = entry->value;
	if (!text.p)
		return TRIES_MAX;
	if (str_number(text, &tries) < 0 || tries > 1000)
		return 1;
	return (unsigned)tries;
}

/*
 * A try has two turns, the answer and the pause after it.  The metadata service
 * is asked three things, Identity Center two, all others one.
 */
static unsigned turns_max(const struct creds_job *job)
{
	unsigned requests = job->step->kind == CREDS_IMDS ? 3 :
			    job->step->kind == CREDS_SSO ? 2 : 1;

	return requests * (2 * tries_max(job) - 1);
}

static const struct creds_source *source_of(enum creds_kind kind)
{
	switch (kind) {
	case CREDS_SSO:
		return &creds_sso;
	case CREDS_CONTAINER:
		return &creds_container;
	case CREDS_IMDS:
		return &creds_imds;
	default:
		return &creds_sts;
	}
}

/* One step, to its end. */
static void run(struct creds_job *job, struct str *rest)
{
	unsigned turns = 0, max = turns_max(job);
	bool done = false;

	job->done = on_done;
	job->arg = &done;
	if (creds_job_start(job) < 0) {
		CHECK(err_is_set(&job->err), "an error says why");
		return;
	}
	while (!done) {
		CHECK(running || ringing, "something is waited for");
		CHECK(++turns <= max, "a job ends");
		if (running) {
			answer(rest);
		} else {
			struct loop_timer *timer = ringing;

			ringing = NULL;
			timer->fn(timer->arg);
		}
	}
	check_result(job);
}

static void run_chain(const struct config *config,
		      const struct creds_chain *chain, struct str *rest)
{
	struct creds_set set = { .n = 0 };
	struct creds_step identity = { .kind = CREDS_IDENTITY,
				       .from = "identity" };
	struct err err = { .code = "" };

	for (size_t i = 0; i <= chain->count && !err_is_set(&err); i++) {
		const struct creds_step *step =
			i < chain->count ? &chain->steps[i] : &identity;
		struct creds_job job = { .config = config, .step = step,
					 .keys = &set.keys,
					 .source = source_of(step->kind) };

		if (step->kind == CREDS_STATIC ||
		    step->kind == CREDS_PROCESS) {
			struct creds_keys keys = { .from = step->from };

			keys.access_key_id = STR("AKID");
			keys.secret_access_key = STR("secret");
			keys.session_token = step->session_token;
			creds_set_copy(&set, &keys, &err);
			continue;
		}
		run(&job, rest);
		err = job.err;
		if (!err_is_set(&err) && step != &identity)
			creds_set_copy(&set, &job.set.keys, &err);
		creds_job_free(&job);
	}
	creds_set_free(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	struct creds_chain chain = { .count = 0 };
	struct err err = { .code = "" };
	struct config *config;
	struct arena arena;

	running = NULL;
	ringing = NULL;
	fuzz_world_begin(&rest);
	arena_init(&arena, 4 << 20);
	config = config_load(NULL, &err);
	if (config && creds_chain_find(config, &chain, &arena, &err) == 0)
		run_chain(config, &chain, &rest);
	config_free(config);
	arena_free(&arena);
	fuzz_world_end();
	return 0;
}
