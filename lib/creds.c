/* SPDX-License-Identifier: Apache-2.0 */
#include "creds.h"

#include <stdlib.h>
#include <string.h>

#include "creds_chain.h"
#include "creds_job.h"
#include "iso.h"

enum {
	ADVISORY = 15 * 60,	/* seconds before the end: better get others */
	MANDATORY = 10 * 60,	/* others are needed before going on */
	LEAST = 60,		/* new keys are used so long, come what may */
	PAUSE_MS = 60 * 1000,	/* between two early refreshes that fail */
	ARENA_MAX = 1 << 20
};

struct creds {
	const struct config *config;
	struct loop *loop;
	struct http *http;
	struct arena arena;
	struct creds_chain chain;

	struct creds_set now;		/* what is given out */
	time_t since;			/* when we got them */
	time_t until;			/* when they are of no more use */
	bool refused;			/* a service says they are expired */
	char *refused_id;		/* owned; keys refused before */

	struct creds_wait *waiting;	/* in the order that they came */
	bool fetching;
	size_t step;		/* of the chain, under way */
	struct creds_job job;
	struct creds_set between;	/* keys to assume the next role with */
	bool paused;
	uint64_t paused_until;
	struct err failure;
};

static bool is_static(const struct creds *creds)
{
	return creds->chain.count == 1 &&
	       creds->chain.steps[0].kind == CREDS_STATIC;
}

/* Keys that stand in the environment or a file are taken as they are. */
static int take_static(const struct creds_step *step, struct creds_set *set,
		       struct err *err)
{
	struct creds_keys keys = {
		.access_key_id = step->access_key_id,
		.secret_access_key = step->secret_access_key,
		.session_token = step->session_token,
		.account = step->account,
		.from = step->from
	};

	if (step->expiration.n > 0 &&
	    iso_time(step->expiration, &keys.expires) < 0)
		return err_set(err, "InvalidConfig",
			       "AWS_CREDENTIAL_EXPIRATION: no time");
	return creds_set_copy(set, &keys, err);
}

struct creds *creds_new(const struct config *config, struct loop *loop,
			struct http *http, struct err *err)
{
	struct creds *creds = calloc(1, sizeof(*creds));

	if (!creds) {
		err_set(err, "OutOfMemory", "out of memory");
		return NULL;
	}
	creds->config = config;
	creds->loop = loop;
	creds->http = http;
	arena_init(&creds->arena, ARENA_MAX);
	if (creds_chain_find(config, &creds->chain, &creds->arena, err) < 0 ||
	    (is_static(creds) &&
	     take_static(&creds->chain.steps[0], &creds->now, err) < 0)) {
		creds_free(creds);
		return NULL;
	}
	return creds;
}

void creds_free(struct creds *creds)
{
	if (!creds)
		return;
	creds_job_free(&creds->job);
	creds_set_free(&creds->now);
	creds_set_free(&creds->between);
	free(creds->refused_id);
	while (creds->waiting)
		creds_cancel(creds->waiting);
	arena_free(&creds->arena);
	free(creds);
}

const char *creds_from(const struct creds *creds)
{
	return creds->chain.steps[creds->chain.count - 1].from;
}

/* Waiting */

void creds_cancel(struct creds_wait *wait)
{
	if (!wait->link)
		return;
	*wait->link = wait->next;
	if (wait->next)
		wait->next->link = wait->link;
	wait->link = NULL;
}

/* The end of the list is looked for: waits may have left it anywhere. */
static void enqueue(struct creds *creds, struct creds_wait *wait)
{
	struct creds_wait **end = &creds->waiting;

	while (*end)
		end = &(*end)->next;
	wait->next = NULL;
	wait->link = end;
	*end = wait;
}

/* Those who begin to wait while we call are for the next time. */
static void tell_all(struct creds *creds, const struct creds_keys *keys,
		     const struct err *err)
{
	struct creds_wait *list = creds->waiting;

	creds->waiting = NULL;
	if (list)
		list->link = &list;
	while (list) {
		struct creds_wait *wait = list;

		creds_cancel(wait);
		wait->fn(wait->arg, keys, err);
	}
}

/* Time */

static bool has_keys(const struct creds *creds)
{
	return creds->now.bytes != NULL;
}

/* Less than so many seconds left?  Short-lived keys get shorter windows. */
static bool ends_within(const struct creds *creds, time_t window)
{
	time_t life = creds->until - creds->since;

	if (creds->now.keys.expires == 0 || is_static(creds))
		return false;
	if (life < 2 * ADVISORY)
		window = life * window / (2 * ADVISORY);
	return creds->until - time(NULL) < window;
}

static bool is_usable(const struct creds *creds)
{
	return has_keys(creds) && !creds->refused && !ends_within(creds, 0);
}

/* Fetching */

static void fetched(void *arg);

/* Begin the next step; -1 with failure. */
static int start_step(struct creds *creds)
{
	const struct creds_step *step = &creds->chain.steps[creds->step];

	creds_job_free(&creds->job);
	creds->job.config = creds->config;
	creds->job.loop = creds->loop;
	creds->job.http = creds->http;
	creds->job.step = step;
	creds->job.keys = &creds->between.keys;
	creds->job.done = fetched;
	creds->job.arg = creds;
	if (creds_job_start(&creds->job) == 0)
		return 0;
	creds->failure = creds->job.err;
	return -1;
}

/* Keys that are static at the root of a chain are there at once. */
static int start_chain(struct creds *creds)
{
	creds->step = 0;
	if (creds->chain.steps[0].kind == CREDS_STATIC) {
		if (take_static(&creds->chain.steps[0], &creds->between,
				&creds->failure) < 0)
			return -1;
		creds->step = 1;
	}
	return start_step(creds);
}

/* An early refresh that fails is tried again after a while. */
static void end_in_failure(struct creds *creds)
{
	creds->fetching = false;
	creds->paused = true;
	creds->paused_until = loop_now(creds->loop) + PAUSE_MS;
	creds_job_free(&creds->job);
	creds_set_free(&creds->between);
	if (is_usable(creds))
		tell_all(creds, &creds->now.keys, NULL);
	else
		tell_all(creds, NULL, &creds->failure);
}

static void take_result(struct creds *creds, struct creds_set *set)
{
	creds_set_free(set);
	*set = creds->job.set;
	memset(&creds->job.set, 0, sizeof(creds->job.set));
}

/*
 * Keys that seem expired as they come are tried all the same: it may be our
 * clock that is wrong.
 */
static void set_life(struct creds *creds)
{
	creds->since = time(NULL);
	creds->until = creds->now.keys.expires;
	if (creds->until < creds->since + LEAST)
		creds->until = creds->since + LEAST;
}

static void fetched(void *arg)
{
	struct creds *creds = arg;

	if (err_is_set(&creds->job.err)) {
		creds->failure = creds->job.err;
		end_in_failure(creds);
		return;
	}
	if (++creds->step < creds->chain.count) {
		take_result(creds, &creds->between);
		if (start_step(creds) < 0)
			end_in_failure(creds);
		return;
	}
	take_result(creds, &creds->now);
	set_life(creds);
	creds->refused = creds->paused = creds->fetching = false;
	creds_job_free(&creds->job);
	creds_set_free(&creds->between);
	tell_all(creds, &creds->now.keys, NULL);
}

static void fetch(struct creds *creds)
{
	if (creds->fetching)
		return;
	creds->fetching = true;
	if (start_chain(creds) < 0)
		end_in_failure(creds);
}

void creds_get(struct creds *creds, struct creds_wait *wait)
{
	bool paused = creds->paused &&
		      loop_now(creds->loop) < creds->paused_until;

	wait->link = NULL;
	if (is_usable(creds) && (paused || !ends_within(creds, MANDATORY))) {
		if (!paused && ends_within(creds, ADVISORY))
			fetch(creds);
		wait->fn(wait->arg, &creds->now.keys, NULL);
		return;
	}
	enqueue(creds, wait);
	fetch(creds);
}

/* Once for one key id: a service that goes on refusing is not believed. */
void creds_refuse(struct creds *creds, struct str access_key_id)
{
	struct str now = creds->now.keys.access_key_id;

	if (is_static(creds) || !has_keys(creds) ||
	    !str_eq(now, access_key_id) ||
	    (creds->refused_id && str_is(now, creds->refused_id)))
		return;
	free(creds->refused_id);
	creds->refused_id = strdup(now.p);
	creds->refused = creds->refused_id != NULL;
}
