/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config: environment and shared files, and the URLs, headers and credentials
 * made from them.
 *
 * Input: see fuzz_config.h; the variables BUCKET and REGION are an event's.
 */
#define _GNU_SOURCE

#include "fuzz_config.h"

#include <yajl/yajl_tree.h>

#include "config/config_bucket.h"
#include "config/config_endpoint.h"
#include "creds/creds_chain.h"
#include "creds/describe.h"
#include "format/url.h"

static bool begins(struct str s, const char *prefix)
{
	return str_has_prefix(s, str_of(prefix));
}

/* A URL must lead where it seems to lead. */
static void check_url(struct str url, bool custom)
{
	static const char *const suffixes[] = {
		".amazonaws.com", ".amazonaws.com.cn", ".api.aws",
		".api.amazonwebservices.com.cn", ".amazonaws.eu",
		".api.amazonwebservices.eu", ".c2s.ic.gov", ".sc2s.sgov.gov",
		".api.aws.ic.gov", ".api.aws.scloud", ".cloud.adc-e.uk",
		".api.cloud-aws.adc-e.uk", ".csp.hci.ic.gov",
		".api.aws.hci.ic.gov"
	};
	struct url parts;
	bool known = custom;

	CHECK(fuzz_is_url(url), "no blank or control byte is in a URL");
	CHECK(!memchr(url.p, '?', url.n) && !memchr(url.p, '#', url.n) &&
	      !memchr(url.p, '\\', url.n), "a URL has no query");
	CHECK(url_split(url, &parts), "a URL has scheme and host");
	CHECK(parts.authority.n > 0 && !memchr(parts.authority.p, '@', parts.authority.n),
	      "a URL has a host and no user");
	CHECK(custom || begins(url, "https://"), "AWS is asked with TLS");
	for (size_t i = 0; i < parts.authority.n; i++)
		CHECK(url_is_alnum(parts.authority.p[i]) ||
		      strchr("-._:[]%", parts.authority.p[i]),
		      "a host is made of what hosts are made of");
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++)
		known |= str_has_suffix(parts.authority, str_of(suffixes[i]));
	CHECK(known, "a host is AWS's or the one asked for");
	CHECK(!str_has_suffix(url, STR("/")), "a URL ends without a slash");
}

static void check_bucket(const struct config *config, struct str bucket,
			 struct str region)
{
	bool custom = config_endpoint_is_custom(config, CONFIG_S3);
	struct url own, parts;
	struct config_bucket how;
	struct err err = { .code = "" };
	struct buf url;

	buf_init(&url, CONFIG_URL_MAX);
	if (config_bucket_url(config, bucket, region, &url, &how, &err) == 0) {
		check_url(buf_str(&url), custom);
		CHECK(url_is_label(how.region), "a region is a name");
		if (custom && url_split(buf_str(&url), &parts) &&
		    url_split(config->endpoint[CONFIG_S3].value, &own))
			CHECK(str_has_suffix(parts.authority, own.authority) &&
			      (!how.path_style || str_eq(parts.authority, own.authority)),
			      "a bucket leads to no other host");
	} else {
		CHECK(err_is_set(&err), "an error says why");
	}
	buf_free(&url);
}

static void check_text(const struct config_text *text)
{
	CHECK(!fuzz_has_control(text->value), "no value has a control byte");
	CHECK(!text->value.p || text->value.p[text->value.n] == '\0',
	      "a value ends in NUL");
	CHECK(!text->value.p || text->value.n > 0, "a value is not empty");
}

static void check_description(const struct config *config, struct str bucket)
{
	struct err err;
	struct buf out;
	char why[256];
	yajl_val tree;

	buf_init(&out, 1 << 20);
	buf_putc(&out, '{');
	describe_config(&out, config, bucket, &err);
	buf_putc(&out, '}');
	tree = yajl_tree_parse(buf_cstr(&out), why, sizeof(why));
	CHECK(tree, "the description is JSON");
	yajl_tree_free(tree);
	buf_free(&out);
}

static void check_config(const struct config *config)
{
	struct str region = str_of(fuzz_getenv("REGION"));
	struct str bucket = str_of(fuzz_getenv("BUCKET"));
	struct buf url;

	buf_init(&url, CONFIG_URL_MAX);
	check_text(&config->region);
	check_text(&config->profile);
	check_text(&config->ca);
	for (unsigned i = 0; i < CONFIG_SERVICES; i++) {
		struct err err = { .code = "" };

		check_text(&config->endpoint[i]);
		buf_reset(&url);
		if (config_endpoint(config, i, region, &url, &err) == 0)
			check_url(buf_str(&url),
				  config_endpoint_is_custom(config, i));
		else
			CHECK(err_is_set(&err), "an error says why");
	}
	buf_free(&url);
	check_bucket(config, bucket, STR_NONE);
	check_bucket(config, bucket, region);
	check_description(config, bucket);
}

static void check_chain(const struct config *config)
{
	struct creds_chain chain = { .count = 0 };
	struct err err = { .code = "" };
	struct arena arena;

	arena_init(&arena, 4 << 20);
	if (creds_chain_find(config, &chain, &arena, &err) < 0) {
		CHECK(err_is_set(&err), "an error says why");
		arena_free(&arena);
		return;
	}
	CHECK(chain.count >= 1 && chain.count <= CREDS_STEPS_MAX,
	      "a chain has steps");
	for (size_t i = 0; i < chain.count; i++) {
		const struct creds_step *step = &chain.steps[i];
		const struct str texts[] = {
			step->access_key_id, step->secret_access_key,
			step->session_token, step->account, step->command,
			step->role_arn, step->session_name, step->external_id,
			step->token_file, step->sso_session, step->sso_region,
			step->sso_account, step->sso_role
		};

		CHECK((step->kind == CREDS_ROLE) == (i > 0),
		      "roles come after a source");
		CHECK(step->from && !fuzz_has_control(str_of(step->from)),
		      "where keys come from is one line");
		for (size_t j = 0; j < sizeof(texts) / sizeof(*texts); j++)
			CHECK(!fuzz_has_control(texts[j]),
			      "no control byte goes into a request");
		if (step->kind == CREDS_STATIC)
			CHECK(step->access_key_id.n > 0 &&
			      step->secret_access_key.n > 0,
			      "keys come in pairs");
	}
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	struct err err = { .code = "" };
	struct config *config;

	fuzz_world_begin(&rest);
	config = config_load(NULL, &err);
	CHECK(config || err_is_set(&err), "an error says why");
	if (config) {
		check_config(config);
		check_chain(config);
	}
	config_free(config);
	fuzz_world_end();
	return 0;
}
