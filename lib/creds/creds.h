/* SPDX-License-Identifier: Apache-2.0 */
/*
 * creds: AWS credentials that have not expired, from whatever is configured.
 *
 * Sources are searched in the order of AWS's tools (see creds_chain.h): the
 * environment, the profile, a container's endpoint, the metadata of the
 * instance.  The first that is configured decides: if it fails, that is an
 * error, and keys of another account are not used instead.
 *
 * Keys that expire are fetched again ahead of time, once for all who wait.  If
 * such an early refresh fails, the old keys are used until they end.  All work
 * is done in the loop; no function here blocks.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
#ifndef S3EV_CREDS_H
#define S3EV_CREDS_H

#include <stdbool.h>
#include <time.h>

#include "base/err.h"
#include "base/str.h"
#include "config/config.h"
#include "http/http.h"
#include "io/loop.h"

/* One set of keys; borrowed until the callback returns. */
struct creds_keys {
	struct str access_key_id;
	struct str secret_access_key;
	struct str session_token;	/* absent if there is none */
	struct str account;		/* absent if it is not known */
	time_t expires;			/* 0: never, as far as is known */
	const char *from;		/* for people: "environment", "IMDS" */
};

struct creds;

/*
 * Read the environment and the profile.  Borrows the arguments.  NULL with
 * "NoCredentials" if nothing is configured that could give keys,
 * "InvalidConfig" or "InvalidCredentials" for half a key pair, loops of roles
 * and the like.  Uses no network and starts no process.
 */
struct creds *creds_new(const struct config *config, struct loop *loop,
			struct http *http, struct err *err);

/* Wipes the keys.  Who still waits is not called any more. */
void creds_free(struct creds *creds);

/*
 * A request for keys.  It stays in the caller's memory until fn was called or
 * the wait is cancelled.  fn gets either keys or an error, never both.
 */
struct creds_wait {
	void (*fn)(void *arg, const struct creds_keys *keys,
		   const struct err *err);
	void *arg;
	struct creds_wait *next, **link;	/* private */
};

/*
 * Call wait->fn with keys that are good for some time.  If there are such keys
 * it is called before this function returns, else from the loop.
 */
void creds_get(struct creds *creds, struct creds_wait *wait);

/* Stop waiting.  Does nothing if wait does not wait. */
void creds_cancel(struct creds_wait *wait);

/*
 * A service says that the keys with this id have expired: the next creds_get()
 * fetches others.  Nothing is fetched if other keys are in use already, or if
 * this id was refused before: one refresh per key id has to do.  false: the
 * next creds_get() will give the same keys.
 */
bool creds_refuse(struct creds *creds, struct str access_key_id);

/*
 * The same where a service may mean something else.  If no other keys are to
 * be had, creds_get() gives the same again.  Nothing is fetched more than once
 * in a quarter of an hour: keys of a role have a new id each time.
 */
bool creds_doubt(struct creds *creds, struct str access_key_id);

/* Where keys come from, for people; known before any are fetched. */
const char *creds_from(const struct creds *creds);

#endif
