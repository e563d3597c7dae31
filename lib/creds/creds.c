/* SPDX-License-Identifier: Apache-2.0 */
#include "creds/creds.h"

#include <stdlib.h>
#include <string.h>

#include "creds/creds_chain.h"
#include "creds/creds_container.h"
#include "creds/creds_imds.h"
#include "creds/creds_job.h"
#include "creds/creds_process.h"
#include "creds/creds_set.h"
#include "creds/creds_sso.h"
#include "creds/creds_sts.h"
#include "format/iso.h"

enum {
	ADVISORY = 15 * 60,	/* seconds before the end: refresh meanwhile */
	MANDATORY = 10 * 60,	/* ... wait for the refresh */
	LEAST = 60,		/* use new keys that long, whatever they say */
	PAUSE_MS = 60 * 1000,	/* after an early refresh that failed */
	DOUBT_MS = 15 * 60 * 1000,	/* from one doubt to the next */
	ARENA_MAX = 1 << 20
};

static const struct creds_source *const sources[] = {
	[CREDS_PROCESS] = &creds_process, [CREDS_SSO] = &creds_sso,
	[CREDS_WEB_IDENTITY] = &creds_sts, [CREDS_CONTAINER] = &creds_container,
	[CREDS_IMDS] = &creds_imds, [CREDS_ROLE] = &creds_sts,
	[CREDS_IDENTITY] = &creds_sts,
};

struct creds {
	const struct config *config;
	struct loop *loop;
	struct http *http;
	struct arena arena;
	struct creds_chain chain;

	struct creds_set now;		/* the keys that are given out */
	time_t since;			/* when we got them */
	time_t until;			/* when they end */
	bool refused;			/* a service says they have ended */
	char *refused_id;		/* owned; the last key id refused */
	bool doubted;			/* a service may say so */
	uint64_t sure_until;		/* no doubt before that */

	struct creds_wait *waiting;	/* first come, first served */
	bool fetching;
	size_t step;			/* of the chain, while fetching */
	struct creds_job job;
	struct creds_set between;	/* keys that assume the next role */
	bool paused;			/* no early refresh for a while */
	uint64_t paused_until;
	struct err failure;
};

static bool is_static(const struct creds *creds)
{
	return creds->chain.count == 1 &&
	       creds->chain.steps[0].kind == CREDS_STATIC;
}

/* Keys of the environment or a file are used as they are. */
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
			       "AWS_CREDENTIAL_EXPIRATION: not a time");
	return creds_set_copy(set, &keys, err);
}

struct creds *creds_new(const struct config *config, struct loop *loop,
			struct http *http, struct err *err)
{
	struct creds *creds = calloc(1, sizeof(*creds));

	if (!creds) {
		err_memory(err);
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

/* Any wait may have left the list, so its end is searched. */
static void enqueue(struct creds *creds, struct creds_wait *wait)
{
	struct creds_wait **end = &creds->waiting;

	while (*end)
		end = &(*end)->next;
	wait->next = NULL;
	wait->link = end;
	*end = wait;
}

/* Waiters added by a callback are served on the next fetch. */
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

/*
 * Do the keys end within so many seconds?  For keys that live less than twice
 * the window, the window is shorter in proportion.
 */
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

/* Begin the next step of the chain; -1 with creds->failure. */
static int start_step(struct creds *creds)
{
	const struct creds_step *step = &creds->chain.steps[creds->step];

	creds_job_free(&creds->job);
	creds->job.source = sources[step->kind];
	creds->job.config = creds->config;
	creds->job.loop = creds->loop;
	creds->job.http = creds->http;
	creds->job.step = step;
	creds->job.keys = &creds->between.keys;
	creds->job.failed_before = creds->paused;
	creds->job.done = fetched;
	creds->job.arg = creds;
	if (creds_job_start(&creds->job) == 0)
		return 0;
	creds->failure = creds->job.err;
	return -1;
}

/* A chain may begin with static keys, for which no job is needed. */
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

/* If the old keys still work, this was an early refresh: try it again later. */
static void end_in_failure(struct creds *creds)
{
	creds->fetching = false;
	creds->doubted = false;
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
 * New keys are used for LEAST seconds even if they seem expired: our clock may
 * be wrong.
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
	/* From now on it is known where keys come from. */
	creds->chain.steps[0].last_resort = false;
	creds->refused = creds->doubted = false;
	creds->paused = creds->fetching = false;
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
	if (is_usable(creds) && !creds->doubted &&
	    (paused || !ends_within(creds, MANDATORY))) {
		if (!paused && ends_within(creds, ADVISORY))
			fetch(creds);
		wait->fn(wait->arg, &creds->now.keys, NULL);
		return;
	}
	enqueue(creds, wait);
	fetch(creds);
}

/* Refresh at most once per key id. */
bool creds_refuse(struct creds *creds, struct str access_key_id)
{
	struct str now = creds->now.keys.access_key_id;

	if (is_static(creds) || !has_keys(creds))
		return false;
	if (creds->refused || !str_eq(now, access_key_id))
		return true;
	if (creds->refused_id && str_is(now, creds->refused_id))
		return false;
	free(creds->refused_id);
	creds->refused_id = strdup(now.p);
	creds->refused = creds->refused_id != NULL;
	return creds->refused;
}

bool creds_doubt(struct creds *creds, struct str access_key_id)
{
	if (is_static(creds) || !has_keys(creds))
		return false;
	if (creds->refused || creds->doubted ||
	    !str_eq(creds->now.keys.access_key_id, access_key_id))
		return true;
	if (loop_now(creds->loop) < creds->sure_until)
		return false;
	creds->sure_until = loop_now(creds->loop) + DOUBT_MS;
	creds->doubted = true;
	return true;
}
