/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE		/* explicit_bzero */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARENA_MAX = 4 << 20 };

/* Texts */

static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F)
			return true;
	return false;
}

static bool is_word(struct str s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

static void warn(struct config *config, const char *warning)
{
	size_t n = 0;

	while (config->warnings[n])
		n++;
	if (n < CONFIG_MAX_WARNINGS)
		config->warnings[n] = warning;
}

static int no_memory(struct err *err)
{
	return err_set(err, "OutOfMemory", "out of memory");
}

/* Where settings come from */

int config_variable(const char *name, struct str *value, struct err *err)
{
	struct str s = str_of(getenv(name));

	while (s.n > 0 && *s.p == ' ') {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && s.p[s.n - 1] == ' ')
		s.n--;
	*value = s.n > 0 ? s : STR_NONE;
	if (has_control(s))
		return err_set(err, "InvalidConfig",
			       "%s: control character in the value", name);
	return 0;
}

/* The entry, if it says anything. */
static int checked(const struct ini_entry *found,
		   const struct ini_entry **entry, struct err *err)
{
	*entry = found && found->value.n > 0 ? found : NULL;
	if (*entry && has_control(found->value))
		return err_set(err, "InvalidConfig",
			       "%s:%u: %.*s: control character in the value, "
			       "or more than one line", found->file,
			       found->line, STR_FMT(found->name));
	return 0;
}

int config_property(const struct config *config, struct str profile,
		    const char *name, const struct ini_entry **entry,
		    struct err *err)
{
	return checked(ini_find(config->ini, INI_PROFILE, profile, NULL, name),
		       entry, err);
}

/* Take over a value: it ends in NUL from now on. */
static int keep(struct config *config, struct str value, const char *from,
		struct config_text *text, struct err *err)
{
	text->value = arena_dup(&config->arena, value);
	text->from = from;
	return text->value.p && from ? 0 : no_memory(err);
}

static int keep_entry(struct config *config, const struct ini_entry *entry,
		      struct config_text *text, struct err *err)
{
	return keep(config, entry->value,
		    arena_printf(&config->arena, "%s:%u", entry->file,
				 entry->line), text, err);
}

int config_setting(struct config *config, const char *variable,
		   const char *parent, const char *name,
		   struct config_text *text, struct err *err)
{
	const struct ini_entry *entry = NULL;
	struct str value = STR_NONE;

	*text = (struct config_text){ STR_NONE, "default" };
	if (variable && config_variable(variable, &value, err) < 0)
		return -1;
	if (value.p)
		return keep(config, value, variable, text, err);
	if (name && checked(ini_find(config->ini, INI_PROFILE,
				     config->profile.value, parent, name),
			    &entry, err) < 0)
		return -1;
	return entry ? keep_entry(config, entry, text, err) : 0;
}

static int get_flag(struct config *config, const char *variable,
		    const char *parent, const char *name,
		    struct config_flag *flag, struct err *err)
{
	struct config_text text;

	if (config_setting(config, variable, parent, name, &text, err) < 0)
		return -1;
	if (!text.value.p)
		return 0;
	flag->value = is_word(text.value, "true");
	flag->from = text.from;
	if (flag->value || is_word(text.value, "false"))
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

	if (config_setting(config, variable, NULL, name, &text, err) < 0)
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

/* One of the words, NULL at the end; its number goes to *which. */
static int get_word(struct config *config, const char *variable,
		    const char *parent, const char *name,
		    const char *const *words, unsigned *which,
		    struct config_text *text, struct err *err)
{
	if (config_setting(config, variable, parent, name, text, err) < 0)
		return -1;
	*which = 0;
	if (!text->value.p)
		return 0;
	for (; words[*which]; ++*which)
		if (is_word(text->value, words[*which]))
			return 0;
	return err_set(err, "InvalidConfig", "%s: \"%s\" is not known here",
		       text->from, text->value.p);
}

/* Files */

/* Read all, up to a byte more than an ini may have. */
static int read_all(int fd, struct buf *text)
{
	for (;;) {
		char *room = buf_room(text, 16384);
		ssize_t n;

		if (!room) {
			errno = EFBIG;
			return -1;
		}
		n = read(fd, room, 16384);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		text->n += (size_t)n;
	}
}

/*
 * Can somebody else write the file?  The group of the user's own name, which
 * has no other member, does not count.
 */
static bool is_open(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return true;
	return (st.st_mode & S_IWOTH) ||
	       ((st.st_mode & S_IWGRP) && st.st_gid != getegid());
}

/* A file that cannot be read is one that is not there, with a warning. */
static int load_file(struct config *config, enum ini_file kind,
		     const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buf text;
	int status = 0;

	buf_init(&text, INI_MAX_TEXT + 32768);
	buf_room(&text, 65536);	/* or growing would leave copies of keys */
	if (fd >= 0 && read_all(fd, &text) == 0) {
		config->file_open[kind] = is_open(fd);
		status = ini_add(config->ini, kind, path, buf_str(&text), err);
	} else if (fd >= 0 || (errno != ENOENT && errno != ENOTDIR)) {
		warn(config, arena_printf(&config->arena,
					  "%s: cannot be read: %s", path,
					  strerror(errno)));
	}
	if (config->file_open[kind])
		warn(config, arena_printf(&config->arena,
					  "%s: others can write this file",
					  path));
	if (fd >= 0)
		close(fd);
	if (text.p)
		explicit_bzero(text.p, text.size);
	buf_free(&text);
	return status;
}

/* The path that a variable names, else the one below HOME, or NULL. */
static int file_path(struct config *config, const char *variable,
		     const char *usual, const char **path, struct err *err)
{
	struct str value;
	bool at_home = true;

	*path = NULL;
	if (config_variable(variable, &value, err) < 0)
		return -1;
	if (!value.p)
		value = str_of(usual);
	else if (str_has_prefix(value, STR("~/")))
		value = (struct str){ value.p + 2, value.n - 2 };
	else
		at_home = false;
	if (at_home && !config->home)
		return 0;
	*path = arena_printf(&config->arena, "%s%s%.*s",
			     at_home ? config->home : "", at_home ? "/" : "",
			     STR_FMT(value));
	return *path ? 0 : no_memory(err);
}

static int load_files(struct config *config, struct err *err)
{
	const char *path;
	struct str home;

	if (config_variable("HOME", &home, err) < 0)
		return -1;
	config->home = home.p ? arena_dup(&config->arena, home).p : NULL;
	if (file_path(config, "AWS_CONFIG_FILE", ".aws/config", &path,
		      err) < 0 ||
	    (path && load_file(config, INI_CONFIG, path, err) < 0) ||
	    file_path(config, "AWS_SHARED_CREDENTIALS_FILE",
		      ".aws/credentials", &path, err) < 0 ||
	    (path && load_file(config, INI_CREDENTIALS, path, err) < 0))
		return -1;
	for (size_t i = 0; ini_warning(config->ini, i); i++)
		warn(config, ini_warning(config->ini, i));
	return 0;
}

/* Settings */

static int load_profile(struct config *config, struct err *err)
{
	struct config_text *profile = &config->profile;

	if (config_setting(config, "AWS_PROFILE", NULL, NULL, profile,
			   err) < 0 ||
	    (!profile->value.p &&
	     config_setting(config, "AWS_DEFAULT_PROFILE", NULL, NULL, profile,
			    err) < 0))
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

static int load_region(struct config *config, struct err *err)
{
	struct config_text *region = &config->region;

	if (config_setting(config, "AWS_REGION", NULL, NULL, region, err) < 0)
		return -1;
	if (!region->value.p &&
	    config_setting(config, "AWS_DEFAULT_REGION", NULL, "region",
			   region, err) < 0)
		return -1;
	if (region->value.p && !config_is_label(region->value))
		return err_set(err, "InvalidConfig",
			       "%s: \"%s\" is no name of a region",
			       region->from, region->value.p);
	return 0;
}

/* From the [services] section that the profile names. */
static int services_endpoint(struct config *config, const char *service,
			     struct config_text *endpoint, struct err *err)
{
	const struct ini_entry *services, *entry;

	if (config_property(config, config->profile.value, "services",
			    &services, err) < 0)
		return -1;
	if (!services)
		return 0;
	if (!ini_has_section(config->ini, INI_SERVICES, services->value))
		return err_set(err, "InvalidConfig",
			       "%s:%u: there is no [services %.*s]",
			       services->file, services->line,
			       STR_FMT(services->value));
	if (checked(ini_find(config->ini, INI_SERVICES, services->value,
			     service, "endpoint_url"), &entry, err) < 0)
		return -1;
	return entry ? keep_entry(config, entry, endpoint, err) : 0;
}

static int find_endpoint(struct config *config, const char *variable,
			 const char *service, struct config_text *endpoint,
			 struct err *err)
{
	if (config_setting(config, variable, NULL, NULL, endpoint, err) < 0 ||
	    (!endpoint->value.p &&
	     config_setting(config, "AWS_ENDPOINT_URL", NULL, NULL, endpoint,
			    err) < 0) ||
	    (!endpoint->value.p &&
	     services_endpoint(config, service, endpoint, err) < 0))
		return -1;
	if (endpoint->value.p)
		return 0;
	return config_setting(config, NULL, NULL, "endpoint_url", endpoint,
			      err);
}

static int load_endpoints(struct config *config, struct err *err)
{
	static const struct {
		const char *variable, *service;
	} names[CONFIG_SERVICES] = {
		[CONFIG_S3] = { "AWS_ENDPOINT_URL_S3", "s3" },
		[CONFIG_DYNAMODB] = { "AWS_ENDPOINT_URL_DYNAMODB", "dynamodb" },
		[CONFIG_STS] = { "AWS_ENDPOINT_URL_STS", "sts" },
		[CONFIG_SQS] = { "AWS_ENDPOINT_URL_SQS", "sqs" },
		[CONFIG_SSO] = { "AWS_ENDPOINT_URL_SSO", "sso" },
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
		    (endpoint->value.p &&
		     config_check_url(endpoint->value, endpoint->from,
				      err) < 0))
			return -1;
		while (str_has_suffix(endpoint->value, STR("/")))
			((char *)endpoint->value.p)[--endpoint->value.n] = '\0';
	}
	return 0;
}

/* AWS's command line tool ignores them too, but without a word. */
static void warn_of_variants(struct config *config)
{
	const struct config_flag *flag = config->fips.value ? &config->fips :
				       &config->dualstack_s3;
	const char *endpoint = NULL;

	for (size_t i = 0; i < CONFIG_SERVICES && !endpoint; i++)
		if (config->endpoint[i].value.p)
			endpoint = config->endpoint[i].from;
	if (endpoint && flag->value)
		warn(config, arena_printf(&config->arena,
					  "%s: has no effect on the endpoint "
					  "from %s", flag->from, endpoint));
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
	struct config_text *ca = &config->ca;

	config->connect_timeout.value = 10;
	config->stall_timeout.value = 60;
	if (get_number(config, "S3EV_CONNECT_TIMEOUT", NULL, 3600,
		       &config->connect_timeout, err) < 0 ||
	    get_number(config, "S3EV_STALL_TIMEOUT", NULL, 3600,
		       &config->stall_timeout, err) < 0 ||
	    config_setting(config, "AWS_CA_BUNDLE", NULL, "ca_bundle", ca,
			   err) < 0 ||
	    (!ca->value.p &&
	     config_setting(config, "SSL_CERT_FILE", NULL, NULL, ca,
			    err) < 0) ||
	    (!ca->value.p &&
	     config_setting(config, "SSL_CERT_DIR", NULL, NULL, ca, err) < 0))
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

static int load(struct config *config, struct err *err)
{
	config->warnings = arena_alloc(&config->arena,
				       (CONFIG_MAX_WARNINGS + 1) *
				       sizeof(*config->warnings));
	config->ini = ini_new();
	if (!config->warnings || !config->ini)
		return no_memory(err);
	set_defaults(config);
	if (load_files(config, err) < 0 || load_profile(config, err) < 0 ||
	    load_region(config, err) < 0 || load_endpoints(config, err) < 0 ||
	    load_variants(config, err) < 0 || load_s3(config, err) < 0 ||
	    load_retry(config, err) < 0)
		return -1;
	return load_connection(config, err);
}

struct config *config_load(struct err *err)
{
	struct config *config = calloc(1, sizeof(*config));

	if (!config) {
		no_memory(err);
		return NULL;
	}
	arena_init(&config->arena, ARENA_MAX);
	if (load(config, err) < 0) {
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
