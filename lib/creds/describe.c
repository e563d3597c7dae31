/* SPDX-License-Identifier: Apache-2.0 */
#include "creds/describe.h"

#include "config/config_bucket.h"
#include "config/config_endpoint.h"
#include "format/iso.h"
#include "format/json_write.h"

enum { TRIES = 3 };	/* by default; DynamoDB has one more */

static void put_text(struct buf *out, const char *name, const char *from_name,
		     const struct config_text *text)
{
	json_member(out, name, text->value);
	if (text->value.p)
		json_member(out, from_name, str_of(text->from));
}

/* Without a region, AWS's own endpoints are not known. */
static bool has_endpoint(const struct config *config,
			 enum config_service service)
{
	return config->region.value.p ||
	       config_endpoint_is_custom(config, service);
}

static int put_endpoints(struct buf *out, const struct config *config,
			 struct err *err)
{
	static const char *const names[] = { "s3", "dynamodb", "sts", "sqs" };
	struct buf url;
	int status = 0;

	buf_init(&url, CONFIG_URL_MAX);
	json_member_open(out, "endpoints");
	for (unsigned i = 0; i <= CONFIG_SQS; i++) {
		buf_reset(&url);
		if (!has_endpoint(config, i))
			continue;
		if (config_endpoint(config, i, STR_NONE, &url, err) < 0)
			status = -1;
		else
			json_member(out, names[i], buf_str(&url));
	}
	buf_putc(out, '}');
	buf_free(&url);
	json_member_open(out, "endpoints_from");
	for (unsigned i = 0; i <= CONFIG_SQS; i++)
		if (has_endpoint(config, i))
			json_member(out, names[i],
				    str_of(config->endpoint[i].from));
	buf_putc(out, '}');
	return status;
}

static int put_bucket(struct buf *out, const struct config *config,
		      struct str bucket, struct err *err)
{
	struct config_bucket how;
	struct buf url;
	int status;

	buf_init(&url, CONFIG_URL_MAX);
	status = config_bucket_url(config, bucket, STR_NONE, &url, &how, err);
	if (status == 0) {
		json_member(out, "bucket_url", buf_str(&url));
		json_member(out, "bucket_region", how.region);
	}
	buf_free(&url);
	return status;
}

static void put_retry(struct buf *out, const struct config *config)
{
	unsigned long tries = config->max_attempts.value;

	json_member_open(out, "retry");
	put_text(out, "mode", "mode_from", &config->retry_mode);
	json_member_number(out, "max_attempts", tries ? tries : TRIES);
	json_member(out, "max_attempts_from",
		    str_of(config->max_attempts.from));
	buf_putc(out, '}');
}

int describe_config(struct buf *out, const struct config *config,
		    struct str bucket, struct err *err)
{
	int status;

	put_text(out, "region", "region_from", &config->region);
	put_text(out, "profile", "profile_from", &config->profile);
	status = put_endpoints(out, config, err);
	if (bucket.p && put_bucket(out, config, bucket, err) < 0)
		status = -1;
	put_retry(out, config);
	put_text(out, "ca", "ca_from", &config->ca);
	return status;
}

/* The two ends are enough to recognise a key id. */
static void put_key_id(struct buf *out, struct str id)
{
	size_t shown = id.n >= 16 ? 4 : id.n / 4;
	struct buf text;

	buf_init(&text, 32);
	buf_put(&text, id.p, shown);
	buf_puts(&text, "...");
	buf_put(&text, id.p + id.n - shown, shown);
	json_member(out, "access_key_id", buf_str(&text));
	buf_free(&text);
}

static void put_time(struct buf *out, const char *name, time_t seconds)
{
	char text[ISO_SIZE];

	iso_write(text, seconds);
	if (*text)
		json_member(out, name, str_of(text));
}

void describe_keys(struct buf *out, const struct creds_keys *keys,
		   const char *from, struct str account, struct str arn)
{
	json_member_open(out, "credentials");
	if (keys->access_key_id.n > 0)
		put_key_id(out, keys->access_key_id);
	json_member(out, "from", str_of(from));
	if (keys->expires)
		put_time(out, "expires", keys->expires);
	json_member(out, "account", account.p ? account : keys->account);
	json_member(out, "arn", arn);
	buf_putc(out, '}');
}
