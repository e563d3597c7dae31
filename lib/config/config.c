/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#include "config/config_ca.h"
#include "config/config_endpoint.h"
#include "config/config_source.h"
#include "format/url.h"

enum { ARENA_MAX = 4 << 20 };

/* Kinds of values */

static int get_flag(struct config *config, const char *variable,
		    const char *parent, const char *name,
		    struct config_flag *flag, struct err *err)
{
	struct config_text text;

	if (config_source_setting(config, variable, parent, name, &text,
				  err) < 0)
		return -1;
	if (!text.value.p)
		return 0;
	flag->value = str_is_nocase(text.value, "true");
	flag->from = text.from;
	if (flag->value || str_is_nocase(text.value, "false"))
		return 0;
	return err_set(err, "InvalidConfig", "%s: \"%s\" is neither true nor "
		       "false", text.from, text.value.p);
}

static int get_number(struct config *config, const char *variable,
		      const char *name, unsigned long max,
		      struct config_number *number, struct err *err)
{
	struct config_text text;
	unsigned long long value;

	if (config_source_setting(config, variable, NULL, name, &text, err) < 0)
		return -1;
	if (!text.value.p)
		return 0;
	if (str_number(text.value, &value) < 0 || value < 1 || value > max)
		return err_set(err, "InvalidConfig", "%s: \"%s\" is not a "
			       "number from 1 to %lu", text.from,
			       text.value.p, max);
	number->value = (unsigned long)value;
	number->from = text.from;
	return 0;
}

/* Set *which to the index of the value in words, which ends with NULL. */
static int get_word(struct config *config, const char *variable,
		    const char *parent, const char *name,
		    const char *const *words, unsigned *which,
		    struct config_text *text, struct err *err)
{
	if (config_source_setting(config, variable, parent, name, text,
				  err) < 0)
		return -1;
	*which = 0;
	if (!text->value.p)
		return 0;
	for (; words[*which]; ++*which)
		if (str_is_nocase(text->value, words[*which]))
			return 0;
	return err_set(err, "InvalidConfig", "%s: \"%s\" is not known here",
		       text->from, text->value.p);
}

/* Groups of settings */

/* A value that was chosen; text is left alone if there is none. */
static int choose(struct config *config, const char *value, const char *from,
		  struct config_text *text, struct err *err)
{
	if (!value)
		return 0;
	*text = (struct config_text){
		arena_dup(&config->arena, str_of(value)), from
	};
	return text->value.p ? 0 : err_memory(err);
}

static int find_profile(struct config *config, const char *chosen,
			struct err *err)
{
	struct config_text *profile = &config->profile;

	config->is_profile_chosen = chosen != NULL;
	if (chosen)
		return choose(config, chosen, "the chosen profile", profile,
			      err);
	if (config_source_setting(config, "AWS_PROFILE", NULL, NULL, profile,
				  err) < 0)
		return -1;
	return profile->value.p ? 0 :
	       config_source_setting(config, "AWS_DEFAULT_PROFILE", NULL, NULL,
				     profile, err);
}

static int load_profile(struct config *config, const char *chosen,
			struct err *err)
{
	struct config_text *profile = &config->profile;

	if (find_profile(config, chosen, err) < 0)
		return -1;
	if (!profile->value.p)
		profile->value = STR("default");
	else if (!str_is(profile->value, "default") &&
		 !ini_has_section(config->ini, INI_PROFILE, profile->value))
		return err_set(err, "ProfileNotFound",
			       "%s: there is no profile \"%s\"",
			       profile->from, profile->value.p);
	return 0;
}

static int find_region(struct config *config, const char *chosen,
		       struct err *err)
{
	struct config_text *region = &config->region;

	if (chosen)
		return choose(config, chosen, "the chosen region", region,
			      err);
	if (config->is_profile_chosen &&
	    config_source_setting(config, NULL, NULL, "region", region,
				  err) < 0)
		return -1;
	if (!region->value.p &&
	    config_source_setting(config, "AWS_REGION", NULL, NULL, region,
				  err) < 0)
		return -1;
	return region->value.p ? 0 :
	       config_source_setting(config, "AWS_DEFAULT_REGION", NULL,
				     "region", region, err);
}

static int load_region(struct config *config, const char *chosen,
		       struct err *err)
{
	struct config_text *region = &config->region;

	if (find_region(config, chosen, err) < 0)
		return -1;
	if (region->value.p && !url_is_label(region->value))
		return err_set(err, "InvalidConfig",
			       "%s: \"%s\" is not the name of a region",
			       region->from, region->value.p);
	return 0;
}

/* Look in the [services] section that the profile names. */
static int services_endpoint(struct config *config, const char *service,
			     struct config_text *endpoint, struct err *err)
{
	const struct ini_entry *services;

	if (config_source_property(config, config->profile.value, "services",
				   &services, err) < 0)
		return -1;
	if (!services)
		return 0;
	if (!ini_has_section(config->ini, INI_SERVICES, services->value))
		return err_set(err, "InvalidConfig",
			       "%s:%u: there is no [services %.*s]",
			       services->file, services->line,
			       STR_FMT(services->value));
	return config_source_text(config, INI_SERVICES, services->value,
				  service, "endpoint_url", endpoint, err);
}

static int variable_endpoint(struct config *config, const char *variable,
			     struct config_text *endpoint, struct err *err)
{
	if (config_source_setting(config, variable, NULL, NULL, endpoint,
				  err) < 0)
		return -1;
	return endpoint->value.p ? 0 :
	       config_source_setting(config, "AWS_ENDPOINT_URL", NULL, NULL,
				     endpoint, err);
}

static int profile_endpoint(struct config *config, const char *service,
			    struct config_text *endpoint, struct err *err)
{
	if (services_endpoint(config, service, endpoint, err) < 0)
		return -1;
	return endpoint->value.p ? 0 :
	       config_source_setting(config, NULL, NULL, "endpoint_url",
				     endpoint, err);
}

static int find_endpoint(struct config *config, const char *variable,
			 const char *service, struct config_text *endpoint,
			 struct err *err)
{
	if (config->is_profile_chosen &&
	    profile_endpoint(config, service, endpoint, err) < 0)
		return -1;
	if (!endpoint->value.p &&
	    variable_endpoint(config, variable, endpoint, err) < 0)
		return -1;
	return endpoint->value.p ? 0 :
	       profile_endpoint(config, service, endpoint, err);
}

/* Slashes at the end of a URL are dropped; the result ends in NUL. */
static int drop_slashes(struct config *config, struct str *url,
			struct err *err)
{
	if (!str_has_suffix(*url, STR("/")))
		return 0;
	while (str_has_suffix(*url, STR("/")))
		url->n--;
	*url = arena_dup(&config->arena, *url);
	return url->p ? 0 : err_memory(err);
}

static int check_endpoint(struct config *config, struct config_text *endpoint,
			  struct err *err)
{
	if (!endpoint->value.p)
		return 0;
	if (config_endpoint_check(endpoint->value, endpoint->from, err) < 0)
		return -1;
	return drop_slashes(config, &endpoint->value, err);
}

/* What was chosen counts whatever the environment has. */
static int choose_endpoint(struct config *config, const char *chosen,
			   struct err *err)
{
	struct config_text *endpoint = &config->endpoint[CONFIG_S3];

	if (chosen && strcmp(chosen, "aws") == 0) {
		*endpoint = (struct config_text){ STR_NONE, "default" };
		return 0;
	}
	if (choose(config, chosen, "the chosen endpoint", endpoint, err) < 0)
		return -1;
	return check_endpoint(config, endpoint, err);
}

static int load_endpoints(struct config *config, const char *chosen,
			  struct err *err)
{
	static const struct {
		const char *variable, *service;
	} names[CONFIG_SERVICES] = {
		[CONFIG_S3] = { "AWS_ENDPOINT_URL_S3", "s3" },
		[CONFIG_DYNAMODB] = { "AWS_ENDPOINT_URL_DYNAMODB", "dynamodb" },
		[CONFIG_STS] = { "AWS_ENDPOINT_URL_STS", "sts" },
		[CONFIG_SQS] = { "AWS_ENDPOINT_URL_SQS", "sqs" },
		[CONFIG_SSO] = { "AWS_ENDPOINT_URL_SSO", "sso" },
		[CONFIG_SSO_OIDC] = { "AWS_ENDPOINT_URL_SSO_OIDC", "sso_oidc" },
	};

	if (get_flag(config, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", NULL,
		     "ignore_configured_endpoint_urls",
		     &config->ignore_endpoints, err) < 0)
		return -1;
	for (size_t i = 0; i < CONFIG_SERVICES; i++) {
		struct config_text *endpoint = &config->endpoint[i];

		endpoint->from = "default";
		if (config->ignore_endpoints.value)
			continue;
		if (find_endpoint(config, names[i].variable, names[i].service,
				  endpoint, err) < 0 ||
		    check_endpoint(config, endpoint, err) < 0)
			return -1;
	}
	return choose_endpoint(config, chosen, err);
}

/* AWS's command line tool ignores them too, but does not say so. */
static void warn_of_variants(struct config *config)
{
	const struct config_flag *flag = config->fips.value ? &config->fips :
				       &config->dualstack_s3;
	const char *endpoint = NULL;

	for (size_t i = 0; i < CONFIG_SERVICES && !endpoint; i++)
		if (config->endpoint[i].value.p)
			endpoint = config->endpoint[i].from;
	if (endpoint && flag->value)
		config_source_warn(config, arena_printf(&config->arena,
			"%s: has no effect on the endpoint from %s",
			flag->from, endpoint));
}

static int load_variants(struct config *config, struct err *err)
{
	static const char *const modes[] = {
		"preferred", "disabled", "required", NULL
	};
	unsigned which;

	if (get_flag(config, "AWS_USE_FIPS_ENDPOINT", NULL,
		     "use_fips_endpoint", &config->fips, err) < 0 ||
	    get_flag(config, "AWS_USE_DUALSTACK_ENDPOINT", NULL,
		     "use_dualstack_endpoint", &config->dualstack, err) < 0)
		return -1;
	config->dualstack_s3 = config->dualstack;
	config->arn_region.value = true;
	if (get_flag(config, NULL, "s3", "use_dualstack_endpoint",
		     &config->dualstack_s3, err) < 0 ||
	    get_flag(config, "AWS_S3_USE_ARN_REGION", "s3", "use_arn_region",
		     &config->arn_region, err) < 0)
		return -1;
	warn_of_variants(config);
	return get_word(config, "AWS_ACCOUNT_ID_ENDPOINT_MODE", NULL,
			"account_id_endpoint_mode", modes, &which,
			&config->account_mode, err);
}

static int load_s3(struct config *config, struct err *err)
{
	static const char *const styles[] = {
		"auto", "path", "virtual", NULL
	};
	static const char *const whens[] = {
		"when_supported", "when_required", NULL
	};
	struct config_text text;
	unsigned which;

	if (get_word(config, NULL, "s3", "addressing_style", styles, &which,
		     &text, err) < 0)
		return -1;
	config->addressing = which;
	if (get_word(config, "AWS_REQUEST_CHECKSUM_CALCULATION", NULL,
		     "request_checksum_calculation", whens, &which, &text,
		     err) < 0)
		return -1;
	config->request_checksums = which;
	if (get_word(config, "AWS_RESPONSE_CHECKSUM_VALIDATION", NULL,
		     "response_checksum_validation", whens, &which, &text,
		     err) < 0)
		return -1;
	config->response_checksums = which;
	return 0;
}

static int load_retry(struct config *config, struct err *err)
{
	static const char *const modes[] = {
		"standard", "legacy", "adaptive", NULL
	};
	struct config_text *mode = &config->retry_mode;
	unsigned which;

	if (get_word(config, "AWS_RETRY_MODE", NULL, "retry_mode", modes,
		     &which, mode, err) < 0)
		return -1;
	if (which == 2)
		return err_set(err, "NotSupported", "%s: the retry mode "
			       "\"adaptive\" is not supported; use "
			       "\"standard\"", mode->from);
	mode->value = STR("standard");
	return get_number(config, "AWS_MAX_ATTEMPTS", "max_attempts", 1000,
			  &config->max_attempts, err);
}

static int load_connection(struct config *config, struct err *err)
{
	config->connect_timeout.value = 10;
	config->stall_timeout.value = 60;
	if (get_number(config, "S3EV_CONNECT_TIMEOUT", NULL, 3600,
		       &config->connect_timeout, err) < 0 ||
	    get_number(config, "S3EV_STALL_TIMEOUT", NULL, 3600,
		       &config->stall_timeout, err) < 0 ||
	    config_ca_load(config, err) < 0)
		return -1;
	return 0;
}

static void set_defaults(struct config *config)
{
	config->max_attempts.from = config->connect_timeout.from =
		config->stall_timeout.from = "default";
	config->fips.from = config->dualstack.from =
		config->ignore_endpoints.from = config->arn_region.from =
		"default";
}

static int load(struct config *config, const struct config_choice *choice,
		struct err *err)
{
	config->warnings = arena_alloc(&config->arena,
				       (CONFIG_MAX_WARNINGS + 1) *
				       sizeof(*config->warnings));
	config->ini = ini_new();
	if (!config->warnings || !config->ini)
		return err_memory(err);
	set_defaults(config);
	if (config_source_files(config, err) < 0 ||
	    load_profile(config, choice->profile, err) < 0 ||
	    load_region(config, choice->region, err) < 0 ||
	    load_endpoints(config, choice->s3_endpoint, err) < 0 ||
	    load_variants(config, err) < 0 || load_s3(config, err) < 0 ||
	    load_retry(config, err) < 0)
		return -1;
	return load_connection(config, err);
}

bool config_choice_is_set(const struct config_choice *choice)
{
	return choice && (choice->s3_endpoint || choice->profile ||
			  choice->region);
}

bool config_is_account(const char *text)
{
	enum { DIGITS = 12 };

	return strlen(text) == DIGITS && strspn(text, "0123456789") == DIGITS;
}

struct config *config_load(const struct config_choice *choice,
			   struct err *err)
{
	static const struct config_choice none;
	struct config *config = calloc(1, sizeof(*config));

	if (!config) {
		err_memory(err);
		return NULL;
	}
	arena_init(&config->arena, ARENA_MAX);
	if (load(config, choice ? choice : &none, err) < 0) {
		config_free(config);
		return NULL;
	}
	return config;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	ini_free(config->ini);
	arena_free(&config->arena);
	free(config);
}
