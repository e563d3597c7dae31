/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

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

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

bool config_is_label(struct str s)
{
	if (s.n == 0 || s.n > 63 || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

/* URLs of the user */

/* The parts of scheme://host[:port][/path]; host has the port with it. */
struct url {
	struct str scheme, host, path;
};

static bool split_url(struct str s, struct url *url)
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
		if (!is_alnum(host.p[i]) &&
		    !strchr(v6 ? ":.%" : "-._", host.p[i]))
			return false;
	return host.n > 0 && host.n <= 255;
}

/* An address, not a name: nothing can be put before it. */
static bool is_address(struct str host)
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
	struct url url;
	bool good = s.n <= CONFIG_URL_MAX && split_url(s, &url) &&
		    take_port(&url.host) && is_host(url.host);

	for (size_t i = 0; good && i < url.path.n; i++)
		good = uri_is_unreserved(url.path.p[i]) ||
		       (url.path.p[i] && strchr("/%:@+,=~!$&'()*",
						url.path.p[i]));
	if (good)
		return 0;
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

/*
 * Append "s3[-fips][.dualstack].REGION.SUFFIX"; name is "s3" or one of its
 * relatives, zone what stands behind it ("s3express-ZONE").  S3 has its
 * own way of dual-stack names, and one host without a region.
 */
static int put_s3_host(const struct config *config, const char *name,
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

static int check_region(struct str region, struct err *err)
{
	if (!region.p)
		return no_region(err);
	if (config_is_label(region))
		return 0;
	return err_set(err, "InvalidConfig", "\"%.*s\" is no name of a region",
		       STR_FMT(region));
}

static int check_buf(const struct buf *url, struct err *err)
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
		[CONFIG_SSO] = "portal.sso",
	};

	if (config_is_custom_endpoint(config, service)) {
		buf_put_str(url, config->endpoint[service].value);
		return check_buf(url, err);
	}
	if (!region.p)
		region = config->region.value;
	if (check_region(region, err) < 0 ||
	    (service == CONFIG_DYNAMODB && check_account_mode(config, err) < 0))
		return -1;
	buf_puts(url, "https://");
	if (service != CONFIG_S3)
		put_host(config, names[service], region, url);
	else if (put_s3_host(config, "s3", STR_NONE, region, url, err) < 0)
		return -1;
	return check_buf(url, err);
}

/* Buckets */

/* Can the bucket stand before the host?  Dots would break a certificate. */
static bool is_virtual_hostable(struct str bucket, bool dots)
{
	for (size_t i = 0; i < bucket.n; i++) {
		char c = bucket.p[i];
		bool edge = i == 0 || i + 1 == bucket.n ||
			    bucket.p[i - 1] == '.' || bucket.p[i + 1] == '.';

		if (c >= 'A' && c <= 'Z')
			return false;
		if (!is_alnum(c) && (edge || (c != '-' && (c != '.' || !dots))))
			return false;
	}
	return bucket.n >= 3 && bucket.n <= 63 && !is_address(bucket);
}

static int invalid_bucket(struct str bucket, const char *why, struct err *err)
{
	return err_set(err, "InvalidBucket", "bucket \"%.*s\": %s",
		       STR_FMT(bucket), why);
}

/*
 * The part of a custom endpoint up to the host, with what is to stand before
 * the host between; then the host and the path.
 */
static void put_custom(const struct config *config, struct str before,
		       struct buf *out)
{
	struct url url;

	split_url(config->endpoint[CONFIG_S3].value, &url);
	buf_put_str(out, url.scheme);
	buf_put_str(out, before);
	if (before.n > 0)
		buf_putc(out, '.');
	buf_put_str(out, url.host);
	buf_put_str(out, url.path);
}

/* A name at a custom endpoint: it is in the path unless asked otherwise. */
static bool wants_path(const struct config *config, struct str bucket)
{
	struct str endpoint = config->endpoint[CONFIG_S3].value;
	struct url url;

	if (config->addressing == CONFIG_ADDRESSING_PATH)
		return true;
	if (!endpoint.p)
		return !is_virtual_hostable(bucket, false);
	split_url(endpoint, &url);
	return config->addressing != CONFIG_ADDRESSING_VIRTUAL ||
	       is_address(url.host) ||
	       !is_virtual_hostable(bucket, str_is(url.scheme, "http://"));
}

static int plain_bucket(const struct config *config, struct str bucket,
			struct str region, struct buf *url,
			struct config_bucket *how, struct err *err)
{
	how->path_style = wants_path(config, bucket);
	if (config_is_custom_endpoint(config, CONFIG_S3)) {
		put_custom(config, how->path_style ? STR_NONE : bucket, url);
	} else {
		buf_puts(url, "https://");
		if (!how->path_style) {
			buf_put_str(url, bucket);
			buf_putc(url, '.');
		}
		if (put_s3_host(config, "s3", STR_NONE, region, url, err) < 0)
			return -1;
	}
	if (how->path_style) {
		buf_putc(url, '/');
		uri_encode(url, bucket);
	}
	return 0;
}

/* NAME--ZONE--x-s3: S3 Express One Zone, whose host has the zone in it. */
static int directory_bucket(const struct config *config, struct str bucket,
			    struct str region, struct str zone,
			    struct buf *url, struct config_bucket *how,
			    struct err *err)
{
	how->service = "s3express";
	if (!is_virtual_hostable(bucket, false) ||
	    !memchr(zone.p, '-', zone.n))
		return invalid_bucket(bucket, "no name of a directory bucket",
				      err);
	if (config_is_custom_endpoint(config, CONFIG_S3))
		return plain_bucket(config, bucket, region, url, how, err);
	buf_puts(url, "https://");
	buf_put_str(url, bucket);
	buf_putc(url, '.');
	return put_s3_host(config, "s3express", zone, region, url, err);
}

/* The zone of NAME--ZONE--x-s3, absent for other buckets. */
static struct str zone_of(struct str bucket)
{
	size_t end, i;

	if (str_has_suffix(bucket, STR("--x-s3")))
		end = bucket.n - strlen("--x-s3");
	else if (str_has_suffix(bucket, STR("--xa-s3")))
		end = bucket.n - strlen("--xa-s3");
	else
		return STR_NONE;
	for (i = end; i > 1; i--)
		if (bucket.p[i - 1] == '-' && bucket.p[i - 2] == '-')
			return (struct str){ bucket.p + i, end - i };
	return STR_NONE;
}

/* Access points */

enum { ARN_PARTS = 10 };

/* Split at colons; behind the fifth, slashes do as well. */
static size_t split_arn(struct str arn, struct str part[ARN_PARTS])
{
	size_t n = 0, start = 0;

	for (size_t i = 0; i <= arn.n && n < ARN_PARTS; i++) {
		if (i < arn.n && arn.p[i] != ':' &&
		    (n < 5 || arn.p[i] != '/'))
			continue;
		part[n++] = (struct str){ arn.p + start, i - start };
		start = i + 1;
	}
	return n;
}

/* What an ARN says: arn:PARTITION:SERVICE:REGION:ACCOUNT:... */
struct access_point {
	struct str partition, service, region, account;
	struct str outpost;	/* absent if it is on none */
	struct str name;
};

static int read_arn(struct str arn, struct access_point *point,
		    struct err *err)
{
	struct str part[ARN_PARTS];
	size_t n = split_arn(arn, part);
	bool outpost = n == 9 && str_is(part[2], "s3-outposts") &&
		       str_is(part[5], "outpost") &&
		       str_is(part[7], "accesspoint");

	if (!outpost && (n != 7 || !str_is(part[5], "accesspoint") ||
			 (!str_is(part[2], "s3") &&
			  !str_is(part[2], "s3-object-lambda"))))
		return invalid_bucket(arn, "not the ARN of an access point",
				      err);
	if (part[3].n == 0)
		return err_set(err, "NotSupported", "bucket \"%.*s\": "
			       "multi-region access points are not supported",
			       STR_FMT(arn));
	*point = (struct access_point){ part[1], part[2], part[3], part[4],
		outpost ? part[6] : STR_NONE, part[n - 1] };
	if (!config_is_label(point->region) ||
	    !config_is_label(point->account) ||
	    !config_is_label(point->name) ||
	    (outpost && !config_is_label(point->outpost)))
		return invalid_bucket(arn, "a part of the ARN holds "
				      "characters that no name can have", err);
	return 0;
}

/* May we go where the ARN says? */
static int check_arn(const struct config *config, struct str arn,
		     const struct access_point *point, struct str region,
		     struct err *err)
{
	const char *partition = partition_of(point->region)->id;

	if (!str_is(point->partition, partition))
		return invalid_bucket(arn, "region and partition do not "
				      "belong together", err);
	if (!region.p)
		return 0;
	if (strcmp(partition, partition_of(region)->id) != 0)
		return err_set(err, "InvalidBucket", "bucket \"%.*s\": not in "
			       "the partition of region %.*s", STR_FMT(arn),
			       STR_FMT(region));
	if (!config->arn_region.value && !str_eq(region, point->region))
		return err_set(err, "InvalidConfig", "bucket \"%.*s\": %s "
			       "forbids a region other than %.*s",
			       STR_FMT(arn), config->arn_region.from,
			       STR_FMT(region));
	return 0;
}

static int check_variant(const struct config_flag *flag, bool lacking,
			 struct err *err)
{
	if (!flag->value || !lacking)
		return 0;
	return err_set(err, "InvalidConfig", "%s: there is no such endpoint "
		       "for Outposts or S3 Object Lambda", flag->from);
}

/* https://NAME-ACCOUNT.s3-accesspoint.REGION.SUFFIX and its relatives */
static int access_point_url(const struct config *config, struct str arn,
			    struct str region, struct buf *url,
			    struct config_bucket *how, struct err *err)
{
	struct access_point point;
	bool lambda, custom = config_is_custom_endpoint(config, CONFIG_S3);
	const char *host = "s3-accesspoint";
	struct buf before;

	if (read_arn(arn, &point, err) < 0 ||
	    check_arn(config, arn, &point, region, err) < 0)
		return -1;
	lambda = str_is(point.service, "s3-object-lambda");
	if (lambda)
		host = how->service = "s3-object-lambda";
	if (point.outpost.p)
		host = how->service = "s3-outposts";
	how->is_arn = true;
	how->region = point.region;
	if (!custom && (check_variant(&config->dualstack_s3,
				      lambda || point.outpost.p, err) < 0 ||
			check_variant(&config->fips, point.outpost.p, err) < 0))
		return -1;
	buf_init(&before, CONFIG_URL_MAX);
	buf_printf(&before, "%.*s-%.*s", STR_FMT(point.name),
		   STR_FMT(point.account));
	if (point.outpost.p)
		buf_printf(&before, ".%.*s", STR_FMT(point.outpost));
	if (custom) {
		put_custom(config, buf_str(&before), url);
		buf_free(&before);
		return 0;
	}
	buf_puts(url, "https://");
	buf_put_str(url, buf_str(&before));
	buf_putc(url, '.');
	buf_free(&before);
	return put_s3_host(config, host, STR_NONE, point.region, url, err);
}

int config_bucket_url(const struct config *config, struct str bucket,
		      struct str region, struct buf *url,
		      struct config_bucket *how, struct err *err)
{
	struct str zone = zone_of(bucket);
	int status;

	if (!region.p)
		region = config->region.value;
	*how = (struct config_bucket){ .service = "s3" };
	if (bucket.n == 0)
		return invalid_bucket(bucket, "an empty name", err);
	if (str_has_prefix(bucket, STR("arn:"))) {
		if (access_point_url(config, bucket, region, url, how, err) < 0)
			return -1;
		return check_buf(url, err);
	}
	if (check_region(region, err) < 0)
		return -1;
	how->region = config_sign_region(region);
	if (str_has_suffix(bucket, STR("--op-s3")))
		return err_set(err, "NotSupported", "bucket \"%.*s\": aliases "
			       "of Outposts are not supported; use the ARN",
			       STR_FMT(bucket));
	status = zone.p ? directory_bucket(config, bucket, region, zone, url,
					   how, err) :
			  plain_bucket(config, bucket, region, url, how, err);
	return status < 0 ? -1 : check_buf(url, err);
}
