/* SPDX-License-Identifier: Apache-2.0 */
/*
 * creds_chain: which credentials the environment and the profile ask for.
 *
 * A chain is a source of keys and the roles that are assumed with them, one
 * after the other.  Only configuration is read here, nothing is fetched.  The
 * order is that of AWS's own tools:
 *
 *	environment; role of the profile; web identity; SSO; keys in the
 *	credentials file; process; keys in the config file; container;
 *	instance metadata
 *
 * A profile that was chosen (struct config_choice) is asked alone.
 */
#ifndef S3EV_CREDS_CHAIN_H
#define S3EV_CREDS_CHAIN_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "config/config.h"

enum creds_kind {
	CREDS_STATIC,		/* keys that are written down */
	CREDS_PROCESS,		/* credential_process */
	CREDS_SSO,
	CREDS_WEB_IDENTITY,	/* AssumeRoleWithWebIdentity */
	CREDS_CONTAINER,
	CREDS_IMDS,
	CREDS_ROLE,		/* AssumeRole with the keys of the last step */
	CREDS_IDENTITY		/* no keys: GetCallerIdentity */
};

/* Text is borrowed from the environment, the config or the arena. */
struct creds_step {
	enum creds_kind kind;
	const char *from;		/* for people */

	struct str access_key_id;	/* static */
	struct str secret_access_key;
	struct str session_token;
	struct str expiration;
	struct str account;		/* also of a process */

	struct str command;		/* process */

	struct str role_arn;		/* role and web identity */
	struct str session_name;	/* absent: one is made up */
	struct str external_id;
	unsigned long duration;		/* seconds; 0: as AWS decides */
	struct str token_file;

	struct str sso_session;		/* absent: the older kind */
	struct str sso_start_url;
	struct str sso_region;
	struct str sso_account;
	struct str sso_role;
	struct str profile;		/* for the advice to log in again */

	bool last_resort;		/* IMDS that nobody asked for, and that
					 * has given no keys yet */
};

enum { CREDS_STEPS_MAX = 16 };

struct creds_chain {
	struct creds_step steps[CREDS_STEPS_MAX];	/* the source first */
	size_t count;
};

/*
 * Find the chain; new text is put into arena.  -1 with "NoCredentials" if
 * nothing is configured, "InvalidConfig", "InvalidCredentials" or
 * "NotSupported" if what is configured cannot work.
 */
int creds_chain_find(const struct config *config, struct creds_chain *chain,
		     struct arena *arena, struct err *err);

#endif
