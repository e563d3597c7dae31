/* SPDX-License-Identifier: Apache-2.0 */
#include "creds/creds_chain.h"

#include "creds/creds_search.h"

static int named_source(struct creds_search *s, const struct ini_entry *source)
{
	int status;

	if (str_is_nocase(source->value, "Environment"))
		status = creds_search_environment(s);
	else if (str_is_nocase(source->value, "Ec2InstanceMetadata"))
		status = creds_search_imds(s);
	else if (str_is_nocase(source->value, "EcsContainer"))
		status = creds_search_container(s);
	else
		return creds_search_refuse(s, source,
			"credential_source is neither Environment, "
			"Ec2InstanceMetadata nor EcsContainer");
	if (status == CREDS_NOTHING)
		return creds_search_refuse(s, source,
			"there are no credentials where credential_source "
			"says");
	return status;
}

static int put_role(struct creds_search *s, struct str profile,
		    const struct ini_entry *arn)
{
	const struct ini_entry *duration, *mfa;
	unsigned long long seconds = 0;
	struct creds_step *step;

	if (creds_search_get(s, profile, "duration_seconds", &duration) < 0 ||
	    creds_search_get(s, profile, "mfa_serial", &mfa) < 0)
		return CREDS_FAILED;
	if (mfa)
		return err_set(s->err, "NotSupported", "%s:%u: mfa_serial "
			       "needs somebody to ask for a code; use "
			       "credential_process or a session's keys",
			       mfa->file, mfa->line);
	if (duration && (str_number(duration->value, &seconds) < 0 ||
			 seconds < 900 || seconds > 43200))
		return creds_search_refuse(s, duration,
			"duration_seconds is not a number from 900 to 43200");
	step = creds_search_step(s, CREDS_ROLE,
				 arena_printf(s->arena, "assumed role (%.*s)",
					      STR_FMT(arn->value)));
	if (!step ||
	    creds_search_text(s, profile, "role_session_name",
			      &step->session_name) < 0 ||
	    creds_search_text(s, profile, "external_id",
			      &step->external_id) < 0)
		return CREDS_FAILED;
	step->role_arn = arn->value;
	step->duration = (unsigned long)seconds;
	return CREDS_FOUND;
}

/* Set *arn to role_arn, unless that belongs to a web identity. */
static int find_role(struct creds_search *s, struct str profile,
		     const struct ini_entry **arn)
{
	struct str file;

	if (creds_search_get(s, profile, "role_arn", arn) < 0 ||
	    creds_search_text(s, profile, "web_identity_token_file", &file) < 0)
		return CREDS_FAILED;
	if (file.p)
		*arn = NULL;
	return *arn ? CREDS_FOUND : CREDS_NOTHING;
}

/* A profile may name itself: then its own keys assume its role. */
static int check_visit(struct creds_search *s, struct str profile,
		       const struct ini_entry *source)
{
	int keys;

	if (!ini_has_section(s->config->ini, INI_PROFILE, source->value))
		return creds_search_refuse(s, source,
			"there is no such source_profile");
	for (size_t i = 0; i < s->visited_count; i++) {
		if (!str_eq(s->visited[i], source->value))
			continue;
		keys = creds_search_has_keys(s, source->value);
		if (keys < 0)
			return CREDS_FAILED;
		if (keys == CREDS_NOTHING || !str_eq(source->value, profile))
			return creds_search_refuse(s, source,
				"the roles form an infinite loop");
	}
	if (s->visited_count == CREDS_STEPS_MAX)
		return creds_search_refuse(s, source,
			"too many source profiles");
	s->visited[s->visited_count++] = source->value;
	return CREDS_FOUND;
}

static int role(struct creds_search *s, struct str profile,
		const struct ini_entry *arn);

static int source_profile(struct creds_search *s,
			  const struct ini_entry *source)
{
	const struct ini_entry *arn;
	int status = creds_search_has_keys(s, source->value);
	int is_role = find_role(s, source->value, &arn);

	if (status < 0 || is_role < 0)
		return CREDS_FAILED;
	if (status == CREDS_NOTHING && is_role == CREDS_FOUND)
		return role(s, source->value, arn);
	status = creds_search_profile(s, source->value, false);
	if (status == CREDS_NOTHING)
		return creds_search_refuse(s, source,
			"the source_profile has no credentials");
	return status;
}

static int role(struct creds_search *s, struct str profile,
		const struct ini_entry *arn)
{
	const struct ini_entry *source, *named;

	if (put_role(s, profile, arn) < 0 ||
	    creds_search_get(s, profile, "source_profile", &source) < 0 ||
	    creds_search_get(s, profile, "credential_source", &named) < 0)
		return CREDS_FAILED;
	if (source && named)
		return creds_search_refuse(s, named,
			"there are both source_profile and credential_source");
	if (!source && !named)
		return creds_search_refuse(s, arn,
			"role_arn without source_profile or credential_source");
	if (named)
		return named_source(s, named);
	if (check_visit(s, profile, source) < 0)
		return CREDS_FAILED;
	return source_profile(s, source);
}

static int profile_role(struct creds_search *s, struct str profile)
{
	const struct ini_entry *arn;
	int status = find_role(s, profile, &arn);

	s->visited[s->visited_count++] = profile;
	return status == CREDS_FOUND ? role(s, profile, arn) : status;
}

static int find(struct creds_search *s)
{
	struct str profile = s->config->profile.value;
	bool is_chosen = s->config->is_profile_chosen;
	int status = is_chosen ? CREDS_NOTHING : creds_search_environment(s);

	if (status == CREDS_NOTHING)
		status = profile_role(s, profile);
	if (status == CREDS_NOTHING)
		status = creds_search_profile(s, profile, !is_chosen);
	if (status == CREDS_NOTHING && is_chosen)
		return err_set(s->err, "NoCredentials",
			       "there are none in the profile %.*s",
			       STR_FMT(profile));
	if (status == CREDS_NOTHING)
		status = creds_search_container(s);
	if (status != CREDS_NOTHING)
		return status;
	status = creds_search_imds(s);
	if (status == CREDS_FOUND)
		s->found[0].last_resort = true;
	return status;
}

int creds_chain_find(const struct config *config, struct creds_chain *chain,
		     struct arena *arena, struct err *err)
{
	struct creds_search s = {
		.config = config, .arena = arena, .err = err
	};
	int status = find(&s);

	if (status < 0)
		return -1;
	if (status == CREDS_NOTHING)
		return err_set(err, "NoCredentials", "no credentials: set "
			       "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
			       "or AWS_PROFILE");
	chain->count = s.count;
	for (size_t i = 0; i < s.count; i++)
		chain->steps[i] = s.found[s.count - 1 - i];
	return 0;
}
