/* SPDX-License-Identifier: Apache-2.0 */
#include "creds/creds_search.h"

#include "config/config_source.h"
#include "format/url.h"

int creds_search_refuse(struct creds_search *s, const struct ini_entry *entry,
			const char *why)
{
	return err_set(s->err, "InvalidConfig", "%s:%u: %s", entry->file,
		       entry->line, why);
}

/* The step to fill; NULL if there are too many. */
struct creds_step *creds_search_step(struct creds_search *s,
				     enum creds_kind kind, const char *from)
{
	struct creds_step *step = &s->found[s->count];

	if (!from) {
		err_memory(s->err);
		return NULL;
	}
	if (s->count == CREDS_STEPS_MAX) {
		err_set(s->err, "InvalidConfig", "more than %d roles are "
			"assumed one after the other", CREDS_STEPS_MAX - 1);
		return NULL;
	}
	s->count++;
	*step = (struct creds_step){ .kind = kind, .from = from };
	return step;
}

int creds_search_get(struct creds_search *s, struct str profile,
		     const char *name, const struct ini_entry **entry)
{
	return config_source_property(s->config, profile, name, entry, s->err);
}

int creds_search_text(struct creds_search *s, struct str profile,
		      const char *name, struct str *text)
{
	const struct ini_entry *entry;

	if (creds_search_get(s, profile, name, &entry) < 0)
		return -1;
	*text = entry ? entry->value : STR_NONE;
	return 0;
}

static const char *from_entry(struct creds_search *s, const char *what,
			      const struct ini_entry *entry)
{
	return arena_printf(s->arena, "%s (%s:%u)", what, entry->file,
			    entry->line);
}

/* Environment */

int creds_search_environment(struct creds_search *s)
{
	struct str id, secret, token, expires, account;
	struct creds_step *step;

	if (config_source_variable("AWS_ACCESS_KEY_ID", &id, s->err) < 0 ||
	    config_source_variable("AWS_SECRET_ACCESS_KEY", &secret,
				   s->err) < 0 ||
	    config_source_variable("AWS_SESSION_TOKEN", &token, s->err) < 0 ||
	    config_source_variable("AWS_CREDENTIAL_EXPIRATION", &expires,
				   s->err) < 0 ||
	    config_source_variable("AWS_ACCOUNT_ID", &account, s->err) < 0 ||
	    (!token.p &&
	     config_source_variable("AWS_SECURITY_TOKEN", &token, s->err) < 0))
		return CREDS_FAILED;
	if (!id.p && !secret.p)
		return CREDS_NOTHING;
	if (!id.p || !secret.p)
		return err_set(s->err, "InvalidCredentials",
			       "%s is set, but %s is not",
			       id.p ? "AWS_ACCESS_KEY_ID" :
				      "AWS_SECRET_ACCESS_KEY",
			       id.p ? "AWS_SECRET_ACCESS_KEY" :
				      "AWS_ACCESS_KEY_ID");
	step = creds_search_step(s, CREDS_STATIC, "environment");
	if (!step)
		return CREDS_FAILED;
	step->access_key_id = id;
	step->secret_access_key = secret;
	step->session_token = token;
	step->expiration = expires;
	step->account = account;
	return CREDS_FOUND;
}

/* Keys in a file */

/* A token counts only if it is in the same file as the key. */
static int token_beside(struct creds_search *s, struct str profile,
			const struct ini_entry *id, struct str *token)
{
	static const char *const names[] = {
		"aws_session_token", "aws_security_token"
	};

	*token = STR_NONE;
	for (size_t i = 0; i < 2 && !token->p; i++) {
		const struct ini_entry *entry;

		if (creds_search_get(s, profile, names[i], &entry) < 0)
			return -1;
		if (entry && entry->file_kind == id->file_kind)
			*token = entry->value;
	}
	return 0;
}

static int half_a_pair(struct creds_search *s, const struct ini_entry *there,
		       const char *missing)
{
	return err_set(s->err, "InvalidCredentials",
		       "%s:%u: %.*s is set, but %s is not", there->file,
		       there->line, STR_FMT(there->name), missing);
}

static int file_keys(struct creds_search *s, struct str profile,
		     enum ini_file kind)
{
	const struct ini_entry *id, *secret;
	struct creds_step *step;

	if (creds_search_get(s, profile, "aws_access_key_id", &id) < 0 ||
	    creds_search_get(s, profile, "aws_secret_access_key", &secret) < 0)
		return CREDS_FAILED;
	if (!id && !secret)
		return CREDS_NOTHING;
	if (!id)
		return half_a_pair(s, secret, "aws_access_key_id");
	if (id->file_kind != kind)
		return CREDS_NOTHING;
	if (!secret)
		return half_a_pair(s, id, "aws_secret_access_key");
	step = creds_search_step(s, CREDS_STATIC, from_entry(s, "profile", id));
	if (!step ||
	    token_beside(s, profile, id, &step->session_token) < 0 ||
	    creds_search_text(s, profile, "aws_account_id", &step->account) < 0)
		return CREDS_FAILED;
	step->access_key_id = id->value;
	step->secret_access_key = secret->value;
	return CREDS_FOUND;
}

int creds_search_has_keys(struct creds_search *s, struct str profile)
{
	struct str id, secret;

	if (creds_search_text(s, profile, "aws_access_key_id", &id) < 0 ||
	    creds_search_text(s, profile, "aws_secret_access_key", &secret) < 0)
		return CREDS_FAILED;
	return id.p || secret.p ? CREDS_FOUND : CREDS_NOTHING;
}

/* Web identity */

/* The variable, unless that is NULL or not set, else the property. */
static int web_text(struct creds_search *s, const char *variable,
		    struct str profile, const char *name, struct str *text)
{
	*text = STR_NONE;
	if (variable && config_source_variable(variable, text, s->err) < 0)
		return -1;
	return text->p ? 0 : creds_search_text(s, profile, name, text);
}

static int web_identity(struct creds_search *s, struct str profile,
			bool variables)
{
	struct str file, arn, name;
	struct creds_step *step;

	if (web_text(s, variables ? "AWS_WEB_IDENTITY_TOKEN_FILE" : NULL,
		     profile, "web_identity_token_file", &file) < 0 ||
	    web_text(s, variables ? "AWS_ROLE_ARN" : NULL, profile,
		     "role_arn", &arn) < 0 ||
	    web_text(s, variables ? "AWS_ROLE_SESSION_NAME" : NULL, profile,
		     "role_session_name", &name) < 0)
		return CREDS_FAILED;
	if (!file.p)
		return CREDS_NOTHING;
	if (!arn.p)
		return err_set(s->err, "InvalidConfig", "a web identity token "
			       "file is given (%.*s), but no role: set "
			       "AWS_ROLE_ARN, or role_arn in profile \"%.*s\"",
			       STR_FMT(file), STR_FMT(profile));
	step = creds_search_step(s, CREDS_WEB_IDENTITY,
				 arena_printf(s->arena, "web identity (%.*s)",
					      STR_FMT(arn)));
	if (!step)
		return CREDS_FAILED;
	step->token_file = file;
	step->role_arn = arn;
	step->session_name = name;
	return CREDS_FOUND;
}

/* SSO */

/* A property of the session, which the profile may repeat but not change. */
static int session_text(struct creds_search *s, const struct ini_entry *session,
			const char *name, struct str *text)
{
	const struct ini_entry *entry;

	if (!session)
		return 0;
	entry = ini_find(s->config->ini, INI_SSO_SESSION, session->value,
			 NULL, name);
	if (!entry)
		return 0;
	if (text->p && !str_eq(*text, entry->value))
		return err_set(s->err, "InvalidConfig", "%s:%u: %s differs "
			       "from that of the profile", entry->file,
			       entry->line, name);
	*text = entry->value;
	return 0;
}

static int check_sso(struct creds_search *s, const struct creds_step *step)
{
	const struct {
		const char *name;
		struct str text;
	} needed[] = {
		{ "sso_account_id", step->sso_account },
		{ "sso_role_name", step->sso_role },
		{ "sso_start_url", step->sso_start_url },
		{ "sso_region", step->sso_region },
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (needed[i].text.n == 0)
			return err_set(s->err, "InvalidConfig",
				       "profile \"%.*s\" is for SSO, but has "
				       "no %s", STR_FMT(step->profile),
				       needed[i].name);
	if (url_is_label(step->sso_region))
		return CREDS_FOUND;
	return err_set(s->err, "InvalidConfig",
		       "sso_region: \"%.*s\" is not the name of a region",
		       STR_FMT(step->sso_region));
}

static int sso_texts(struct creds_search *s, struct creds_step *step)
{
	const struct {
		const char *name;
		struct str *text;
	} texts[] = {
		{ "sso_account_id", &step->sso_account },
		{ "sso_role_name", &step->sso_role },
		{ "sso_start_url", &step->sso_start_url },
		{ "sso_region", &step->sso_region },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (creds_search_text(s, step->profile, texts[i].name,
				      texts[i].text) < 0)
			return -1;
	return 0;
}

static int sso(struct creds_search *s, struct str profile)
{
	struct creds_step step = { .profile = profile };
	const struct ini_entry *session;
	struct creds_step *kept;

	if (sso_texts(s, &step) < 0 ||
	    creds_search_get(s, profile, "sso_session", &session) < 0)
		return CREDS_FAILED;
	if (!step.sso_account.p && !step.sso_role.p)
		return CREDS_NOTHING;
	if (session && !ini_has_section(s->config->ini, INI_SSO_SESSION,
					session->value))
		return creds_search_refuse(s, session,
			"there is no such [sso-session]");
	if (session_text(s, session, "sso_start_url",
			 &step.sso_start_url) < 0 ||
	    session_text(s, session, "sso_region", &step.sso_region) < 0 ||
	    check_sso(s, &step) < 0)
		return CREDS_FAILED;
	step.sso_session = session ? session->value : STR_NONE;
	step.kind = CREDS_SSO;
	step.from = arena_printf(s->arena, "SSO (profile \"%.*s\")",
				 STR_FMT(profile));
	kept = creds_search_step(s, CREDS_SSO, step.from);
	if (!kept)
		return CREDS_FAILED;
	*kept = step;
	return CREDS_FOUND;
}

/* Process */

static int process(struct creds_search *s, struct str profile)
{
	const struct ini_entry *entry;
	struct creds_step *step;

	if (creds_search_get(s, profile, "credential_process", &entry) < 0)
		return CREDS_FAILED;
	if (!entry)
		return CREDS_NOTHING;
	if (s->config->file_open[entry->file_kind])
		return creds_search_refuse(s, entry,
			"credential_process is not run: others can write this "
			"file");
	step = creds_search_step(s, CREDS_PROCESS,
				 from_entry(s, "credential_process", entry));
	if (!step || creds_search_text(s, profile, "aws_account_id",
				       &step->account) < 0)
		return CREDS_FAILED;
	step->command = entry->value;
	return CREDS_FOUND;
}

static int login(struct creds_search *s, struct str profile)
{
	const struct ini_entry *entry;

	if (creds_search_get(s, profile, "login_session", &entry) < 0)
		return CREDS_FAILED;
	if (!entry)
		return CREDS_NOTHING;
	return err_set(s->err, "NotSupported", "%s:%u: sessions of \"aws "
		       "login\" are not supported; use credential_process "
		       "with \"aws configure export-credentials\"",
		       entry->file, entry->line);
}

/* Container and instance */

int creds_search_container(struct creds_search *s)
{
	struct str relative, full;

	if (config_source_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
				   &relative, s->err) < 0 ||
	    config_source_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", &full,
				   s->err) < 0)
		return CREDS_FAILED;
	if (!relative.p && !full.p)
		return CREDS_NOTHING;
	return creds_search_step(s, CREDS_CONTAINER, "container") ?
	       CREDS_FOUND : CREDS_FAILED;
}

int creds_search_imds(struct creds_search *s)
{
	struct str disabled;

	if (config_source_variable("AWS_EC2_METADATA_DISABLED", &disabled,
				   s->err) < 0)
		return CREDS_FAILED;
	if (str_is_nocase(disabled, "true"))
		return CREDS_NOTHING;
	return creds_search_step(s, CREDS_IMDS, "instance metadata") ?
	       CREDS_FOUND : CREDS_FAILED;
}

/* The order is that of AWS's tools. */
int creds_search_profile(struct creds_search *s, struct str profile,
			 bool variables)
{
	int status = web_identity(s, profile, variables);

	if (status == CREDS_NOTHING)
		status = sso(s, profile);
	if (status == CREDS_NOTHING)
		status = file_keys(s, profile, INI_CREDENTIALS);
	if (status == CREDS_NOTHING)
		status = login(s, profile);
	if (status == CREDS_NOTHING)
		status = process(s, profile);
	if (status == CREDS_NOTHING)
		status = file_keys(s, profile, INI_CONFIG);
	return status;
}
