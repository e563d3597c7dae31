/* SPDX-License-Identifier: Apache-2.0 */
/*
 * creds_search: each source of keys that creds_chain_find() looks at.
 *
 * Each function returns CREDS_FOUND and adds a step to found, CREDS_NOTHING
 * if its source is not configured, or CREDS_FAILED with err.
 * No file is opened and nothing is fetched.
 */
#ifndef S3EV_CREDS_SEARCH_H
#define S3EV_CREDS_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "config/config.h"
#include "creds/creds_chain.h"

enum { CREDS_FAILED = -1, CREDS_NOTHING = 0, CREDS_FOUND = 1 };

struct creds_search {
	const struct config *config;
	struct arena *arena;
	struct creds_step found[CREDS_STEPS_MAX];	/* the source last */
	size_t count;
	struct str visited[CREDS_STEPS_MAX];	/* profiles */
	size_t visited_count;
	struct err *err;
};

/* A step to fill; NULL with err if there are too many, or from is NULL. */
struct creds_step *creds_search_step(struct creds_search *s,
				     enum creds_kind kind, const char *from);

/* Fail with "InvalidConfig", naming the entry's file and line. */
int creds_search_refuse(struct creds_search *s, const struct ini_entry *entry,
			const char *why);

/* A property of a profile, NULL or absent if it is not set; -1 with err. */
int creds_search_get(struct creds_search *s, struct str profile,
		     const char *name, const struct ini_entry **entry);
int creds_search_text(struct creds_search *s, struct str profile,
		      const char *name, struct str *text);

/* Are there keys, or half of them, in the profile?  Adds no step. */
int creds_search_has_keys(struct creds_search *s, struct str profile);

int creds_search_environment(struct creds_search *s);
int creds_search_container(struct creds_search *s);
int creds_search_imds(struct creds_search *s);

/*
 * Look for a source in the profile itself, role_arn apart: web identity, SSO,
 * keys in the credentials file, process, keys in the config file.  With
 * variables, AWS_WEB_IDENTITY_TOKEN_FILE and the like come first.
 */
int creds_search_profile(struct creds_search *s, struct str profile,
			 bool variables);

#endif
