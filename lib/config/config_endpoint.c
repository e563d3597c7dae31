/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_endpoint.h"

#include <string.h>

#include "format/url.h"

/* A group of regions with the same DNS suffix. */
struct partition {
	const char *id;
	const char *region;	/* what its regions begin with */
	const char *suffix;
	const char *dualstack;
};

/* Regions that are not known here belong to the first. */
static const struct partition partitions[] = {
	{ "aws", "aws-global", "amazonaws.com", "api.aws" },
	{ "aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn" },
	{ "aws-us-gov", "us-gov-", "amazonaws.com", "api.aws" },
	{ "aws-eusc", "eusc-", "amazonaws.eu", "api.amazonwebservices.eu" },
	{ "aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov" },
	{ "aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud" },
	{ "aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk" },
	{ "aws-iso-f", "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov" },
};

static const struct partition *partition_of(struct str region)
{
	for (size_t i = 0; i < sizeof(partitions) / sizeof(*partitions); i++)
		if (str_has_prefix(region, str_of(partitions[i].region)))
			return &partitions[i];
	return &partitions[0];
}

const char *config_endpoint_partition(struct str region)
{
	return partition_of(region)->id;
}

/* URLs of the user */

int config_endpoint_check(struct str s, const char *from, struct err *err)
{
	struct url url;

	if (s.n <= CONFIG_URL_MAX && url_split(s, &url) && url_is_plain(&url))
		return 0;
	if (s.n > 0 && memchr(s.p, '@', s.n))
		s = STR("...");		/* it may hold a password */
	return err_set(err, "InvalidConfig",
		       "%s: \"%.*s\" is not a URL of the form "
		       "https://HOST[:PORT][/PATH]", from, STR_FMT(s));
}

bool config_endpoint_is_custom(const struct config *config,
			       enum config_service service)
{
	return config->endpoint[service].value.p != NULL;
}

bool config_endpoint_is_same(const struct config *a, const struct config *b,
			     enum config_service service)
{
	struct str mine = a->endpoint[service].value;
	struct str other = b->endpoint[service].value;

	return !mine.p == !other.p &&
	       (!mine.p || str_is_nocase(mine, other.p));
}

/* AWS's own endpoints */

static int no_region(struct err *err)
{
	return err_set(err, ERR_NO_REGION, "no region: set AWS_REGION, or "
		       "region in the profile");
}

static bool is_dot_suffix(struct str host, const char *suffix)
{
	size_t n = strlen(suffix);

	return host.n > n && host.p[host.n - n - 1] == '.' &&
	       strncasecmp(host.p + host.n - n, suffix, n) == 0;
}

/* Take the label behind the last dot, which goes too. */
static struct str last_label(struct str *host)
{
	size_t n = host->n;
	struct str label;

	while (n > 0 && host->p[n - 1] != '.')
		n--;
	label = (struct str){ host->p + n, host->n - n };
	host->n = n > 0 ? n - 1 : 0;
	return label;
}

static bool is_s3_label(struct str label)
{
	return str_is_nocase(label, "s3") ||
	       (label.n > 3 && strncasecmp(label.p, "s3-", 3) == 0) ||
	       (label.n > 10 && strncasecmp(label.p, "s3express-", 10) == 0);
}

/*
 * Hosts of other services below the suffix may be anybody's, and have any name
 * before that of their service.  S3's own end with "s3", or a label that begins
 * like that, then "dualstack" and the region, if there are any.
 */
static bool is_s3_host(struct str host, const char *suffix)
{
	struct str label;

	host.n -= strlen(suffix) + 1;
	label = last_label(&host);
	if (is_s3_label(label))
		return true;
	if (label.n == 0 || !memchr(label.p, '-', label.n))
		return false;
	label = last_label(&host);
	if (str_is_nocase(label, "dualstack"))
		label = last_label(&host);
	return is_s3_label(label);
}

static bool stays_with_aws(const struct url *from, const struct url *to)
{
	for (size_t i = 0; i < sizeof(partitions) / sizeof(*partitions); i++) {
		const char *suffix = partitions[i].suffix;

		if (is_dot_suffix(from->host, suffix))
			return is_dot_suffix(to->host, suffix) &&
			       is_s3_host(to->host, suffix) &&
			       url_is_tls(to) && !to->port.p;
	}
	return false;
}

bool config_endpoint_may_follow(const struct config *config, struct str from,
				struct str to)
{
	struct url there, here;

	if (!url_split(from, &here) || !url_split(to, &there) ||
	    !url_is_plain(&there) || (url_is_tls(&here) && !url_is_tls(&there)))
		return false;
	if (!config_endpoint_is_custom(config, CONFIG_S3))
		return stays_with_aws(&here, &there);
	return str_eq_nocase(url_host_header(&here), url_host_header(&there));
}

struct str config_endpoint_sign_region(struct str region)
{
	return str_is(region, "aws-global") ? STR("us-east-1") : region;
}

/* S3 spells dual-stack names its own way, and has one host without a region. */
int config_endpoint_put_s3(const struct config *config, const char *name,
			   struct str zone, struct str region, struct buf *url,
			   struct err *err)
{
	const struct partition *partition = partition_of(region);
	bool dualstack = config->dualstack_s3.value;
	bool fips = config->fips.value;

	if (fips && str_has_prefix(region, STR("cn-")))
		return err_set(err, "InvalidConfig",
			       "%s: S3 has no FIPS endpoints in %.*s",
			       config->fips.from, STR_FMT(region));
	buf_printf(url, "%s%s%s%.*s%s.", name, fips ? "-fips" : "",
		   zone.p ? "-" : "", STR_FMT(zone),
		   dualstack ? ".dualstack" : "");
	if (!str_is(region, "aws-global") || fips || dualstack) {
		buf_put_str(url, config_endpoint_sign_region(region));
		buf_putc(url, '.');
	}
	buf_puts(url, partition->suffix);
	return 0;
}

/* In GovCloud the ordinary endpoints are FIPS endpoints already. */
static void put_host(const struct config *config, const char *name,
		     struct str region, struct buf *url)
{
	const struct partition *partition = partition_of(region);
	bool dualstack = config->dualstack.value;
	bool fips = config->fips.value &&
		    (dualstack || strcmp(partition->id, "aws-us-gov") != 0);

	buf_printf(url, "%s%s.", name, fips ? "-fips" : "");
	if (!str_is(region, "aws-global")) {
		buf_put_str(url, region);
		buf_putc(url, '.');
	}
	buf_puts(url, dualstack ? partition->dualstack : partition->suffix);
}

/* ACCOUNT.ddb.REGION.SUFFIX would be another host for each set of keys. */
static int check_account_mode(const struct config *config, struct err *err)
{
	if (!str_is(config->account_mode.value, "required"))
		return 0;
	return err_set(err, "NotSupported", "%s: account-based endpoints of "
		       "DynamoDB are not supported; use \"preferred\" or "
		       "\"disabled\"", config->account_mode.from);
}

int config_endpoint_check_region(struct str region, struct err *err)
{
	if (!region.p)
		return no_region(err);
	if (url_is_label(region))
		return 0;
	return err_set(err, "InvalidConfig", "\"%.*s\" is not the name of a "
		       "region", STR_FMT(region));
}

int config_endpoint_check_room(const struct buf *url, struct err *err)
{
	if (!url->failed)
		return 0;
	return err_set(err, "InvalidConfig", "the URL is too long");
}

int config_endpoint(const struct config *config, enum config_service service,
		    struct str region, struct buf *url, struct err *err)
{
	static const char *const names[CONFIG_SERVICES] = {
		[CONFIG_S3] = "s3", [CONFIG_DYNAMODB] = "dynamodb",
		[CONFIG_STS] = "sts", [CONFIG_SQS] = "sqs",
		[CONFIG_SSO] = "portal.sso", [CONFIG_SSO_OIDC] = "oidc",
	};

	if (config_endpoint_is_custom(config, service)) {
		buf_put_str(url, config->endpoint[service].value);
		return config_endpoint_check_room(url, err);
	}
	if (!region.p)
		region = config->region.value;
	if (config_endpoint_check_region(region, err) < 0 ||
	    (service == CONFIG_DYNAMODB && check_account_mode(config, err) < 0))
		return -1;
	buf_puts(url, "https://");
	if (service != CONFIG_S3)
		put_host(config, names[service], region, url);
	else if (config_endpoint_put_s3(config, "s3", STR_NONE, region, url,
					err) < 0)
		return -1;
	return config_endpoint_check_room(url, err);
}
