/* SPDX-License-Identifier: Apache-2.0 */
/*
 * creds: AWS credentials from wherever the environment has them, fresh.
 *
 * Sources are looked for in the order of AWS's tools (see creds_chain.h): the
 * environment, what the profile says, a container's endpoint, the metadata of
 * the instance.  The first that is configured decides: if it then fails, that
 * is an error, and no other account is used instead.
 *
 * What expires is fetched anew ahead of time, once for all who wait; while an
 * early refresh fails, what is there goes on being used.  Everything happens
 * in the loop; no call here waits.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
#ifndef S3EV_CREDS_H
#define S3EV_CREDS_H

#include <stdbool.h>
#include <time.h>

#include "config.h"
#include "err.h"
#include "http.h"
#include "loop.h"
#include "str.h"

/* One set of keys; borrowed for the time of the callback. */
struct creds_keys {
	struct str access_key_id;
	struct str secret_access_key;
	struct str session_token;	/* absent if there is none */
	struct str account;		/* absent where nobody said */
	time_t expires;			/* 0: never, as far as is known */
	const char *from;		/* in words: "environment", "IMDS" */
};

struct creds;

/*
 * Look at the environment and the profile.  Borrows the arguments.  NULL with
 * "NoCredentials" if nothing could ever give credentials, "InvalidConfig" or
 * "InvalidCredentials" for half a key pair, loops of roles and the like.
 * No network, no process is started here.
 */
struct creds *creds_new(const struct config *config, struct loop *loop,
			struct http *http, struct err *err);

/* Wipes the keys.  Those who still wait are never called. */
void creds_free(struct creds *creds);

/*
 * Somebody who waits; lies in the caller's memory until fn was called or the
 * wait cancelled.  fn gets either keys or an error, never both.
 */
struct creds_wait {
	void (*fn)(void *arg, const struct creds_keys *keys,
		   const struct err *err);
	void *arg;
	struct creds_wait *next, **link;	/* private */
};

/*
 * Call wait->fn with keys that are good for some time: at once, from in here,
 * if they are there, else from the loop.
 */
void creds_get(struct creds *creds, struct creds_wait *wait);

/* Does nothing if it does not wait. */
void creds_cancel(struct creds_wait *wait);

/*
 * A service has said that the keys with this id are expired: the next
 * creds_get() fetches others.  Does nothing when the keys in use are others
 * already, or when this id was refused before and came again.
 */
void creds_refuse(struct creds *creds, struct str access_key_id);

/* Where the keys come from, in words for people; known from the beginning. */
const char *creds_from(const struct creds *creds);

#endif
