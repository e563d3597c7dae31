/* SPDX-License-Identifier: Apache-2.0 */
#include "config_url.h"

#include <string.h>

#include "uri.h"

/* A group of regions with one DNS suffix. */
struct partition {
	const char *id;
	const char *region;	/* what its regions begin with */
	const char *suffix;
	const char *dualstack;
};

/* The first is also for regions that nobody has heard of. */
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

const char *config_url_partition(struct str region)
{
	return partition_of(region)->id;
}

bool config_url_is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

bool config_is_label(struct str s)
{
	if (s.n == 0 || s.n > 63 || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!config_url_is_alnum(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

/* URLs of the user */

bool config_url_split(struct str s, struct config_url *url)
{
	bool tls = str_has_prefix(s, STR("https://"));
	size_t n = tls ? sizeof("https://") - 1 : sizeof("http://") - 1;
	const char *slash;

	if (!tls && !str_has_prefix(s, STR("http://")))
		return false;
	url->scheme = (struct str){ s.p, n };
	s = (struct str){ s.p + n, s.n - n };
	slash = s.n > 0 ? memchr(s.p, '/', s.n) : NULL;
	n = slash ? (size_t)(slash - s.p) : s.n;
	url->host = (struct str){ s.p, n };
	url->path = (struct str){ s.p + n, s.n - n };
	return true;
}

/* Take ":port" off; false if it is no port. */
static bool take_port(struct str *host)
{
	unsigned long long port;
	size_t i = host->n;

	while (i > 0 && host->p[i - 1] >= '0' && host->p[i - 1] <= '9')
		i--;
	if (i == 0 || host->p[i - 1] != ':')
		return true;
	if (str_number((struct str){ host->p + i, host->n - i }, &port) < 0 ||
	    port < 1 || port > 65535)
		return false;
	host->n = i - 1;
	return true;
}

static bool is_host(struct str host)
{
	bool v6 = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';

	if (v6)
		host = (struct str){ host.p + 1, host.n - 2 };
	for (size_t i = 0; i < host.n; i++)
		if (!config_url_is_alnum(host.p[i]) &&
		    (host.p[i] == '\0' ||
		     !strchr(v6 ? ":.%" : "-._", host.p[i])))
			return false;
	return host.n > 0 && host.n <= 255;
}

/* An address, not a name: nothing can be put before it. */
bool config_url_is_address(struct str host)
{
	size_t dots = 0;

	take_port(&host);
	if (host.n > 0 && host.p[0] == '[')
		return true;
	for (size_t i = 0; i < host.n; i++) {
		if (host.p[i] == '.')
			dots++;
		else if (host.p[i] < '0' || host.p[i] > '9')
			return false;
	}
	return dots == 3;
}

int config_check_url(struct str s, const char *from, struct err *err)
{
	struct config_url url;
	bool good = s.n <= CONFIG_URL_MAX && config_url_split(s, &url) &&
		    take_port(&url.host) && is_host(url.host);

	for (size_t i = 0; good && i < url.path.n; i++)
		good = uri_is_unreserved(url.path.p[i]) ||
		       (url.path.p[i] && strchr("/%:@+,=~!$&'()*",
						url.path.p[i]));
	if (good)
		return 0;
	if (s.n > 0 && memchr(s.p, '@', s.n))
		s = STR("...");		/* there may be a password in it */
	return err_set(err, "InvalidConfig",
		       "%s: \"%.*s\" is not a URL of the form "
		       "https://HOST[:PORT][/PATH]", from, STR_FMT(s));
}

bool config_is_custom_endpoint(const struct config *config,
			       enum config_service service)
{
	return config->endpoint[service].value.p != NULL;
}

/* AWS's own endpoints */

static int no_region(struct err *err)
{
	return err_set(err, "NoRegion", "no region: set AWS_REGION, or region "
		       "in the profile");
}

struct str config_sign_region(struct str region)
{
	return str_is(region, "aws-global") ? STR("us-east-1") : region;
}

/* S3 has its own way of dual-stack names, and one host without a region. */
int config_url_put_s3(const struct config *config, const char *name,
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
		buf_put_str(url, config_sign_region(region));
		buf_putc(url, '.');
	}
	buf_puts(url, partition->suffix);
	return 0;
}

/* GovCloud's ordinary endpoints are the FIPS ones, under both names. */
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

/* ACCOUNT.ddb.REGION... would be another host for each set of keys. */
static int check_account_mode(const struct config *config, struct err *err)
{
	if (!str_is(config->account_mode.value, "required"))
		return 0;
	return err_set(err, "NotSupported", "%s: account-based endpoints of "
		       "DynamoDB are not supported; use \"preferred\" or "
		       "\"disabled\"", config->account_mode.from);
}

int config_url_check_region(struct str region, struct err *err)
{
	if (!region.p)
		return no_region(err);
	if (config_is_label(region))
		return 0;
	return err_set(err, "InvalidConfig", "\"%.*s\" is no name of a region",
		       STR_FMT(region));
}

int config_url_check(const struct buf *url, struct err *err)
{
	if (!url->failed)
		return 0;
	return err_set(err, "InvalidConfig", "a URL too long");
}

int config_endpoint(const struct config *config, enum config_service service,
		    struct str region, struct buf *url, struct err *err)
{
	static const char *const names[CONFIG_SERVICES] = {
		[CONFIG_S3] = "s3", [CONFIG_DYNAMODB] = "dynamodb",
		[CONFIG_STS] = "sts", [CONFIG_SQS] = "sqs",
		[CONFIG_SSO] = "portal.sso", [CONFIG_SSO_OIDC] = "oidc",
	};

	if (config_is_custom_endpoint(config, service)) {
		buf_put_str(url, config->endpoint[service].value);
		return config_url_check(url, err);
	}
	if (!region.p)
		region = config->region.value;
	if (config_url_check_region(region, err) < 0 ||
	    (service == CONFIG_DYNAMODB && check_account_mode(config, err) < 0))
		return -1;
	buf_puts(url, "https://");
	if (service != CONFIG_S3)
		put_host(config, names[service], region, url);
	else if (config_url_put_s3(config, "s3", STR_NONE, region, url,
				   err) < 0)
		return -1;
	return config_url_check(url, err);
}
