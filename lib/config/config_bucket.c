/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_bucket.h"

#include <string.h>

#include "config/config_endpoint.h"
#include "format/uri.h"
#include "format/url.h"

/* Can the name be a host's first label?  With TLS, no certificate fits dots. */
static bool is_virtual_hostable(struct str bucket, bool dots)
{
	for (size_t i = 0; i < bucket.n; i++) {
		char c = bucket.p[i];
		bool edge = i == 0 || i + 1 == bucket.n ||
			    bucket.p[i - 1] == '.' || bucket.p[i + 1] == '.';

		if (c >= 'A' && c <= 'Z')
			return false;
		if (!url_is_alnum(c) &&
		    (edge || (c != '-' && (c != '.' || !dots))))
			return false;
	}
	return bucket.n >= 3 && bucket.n <= 63 &&
	       !url_is_address(bucket);
}

static int invalid_bucket(struct str bucket, const char *why, struct err *err)
{
	return err_set(err, "InvalidBucket", "bucket \"%.*s\": %s",
		       STR_FMT(bucket), why);
}

/* Append the custom endpoint with before, unless absent, before its host. */
static void put_custom(const struct config *config, struct str before,
		       struct buf *out)
{
	struct url url;

	url_split(config->endpoint[CONFIG_S3].value, &url);
	buf_put_str(out, url.scheme);
	buf_puts(out, "://");
	buf_put_str(out, before);
	if (before.n > 0)
		buf_putc(out, '.');
	buf_put_str(out, url.authority);
	buf_put_str(out, url.path);
}

/* At a custom endpoint the name is in the path unless asked otherwise. */
static bool wants_path(const struct config *config, struct str bucket)
{
	struct str endpoint = config->endpoint[CONFIG_S3].value;
	struct url url;

	if (config->addressing == CONFIG_ADDRESSING_PATH)
		return true;
	if (!endpoint.p)
		return !is_virtual_hostable(bucket, false);
	url_split(endpoint, &url);
	return config->addressing != CONFIG_ADDRESSING_VIRTUAL ||
	       url_is_address(url.host) ||
	       !is_virtual_hostable(bucket, !url_is_tls(&url));
}

static int plain_bucket(const struct config *config, struct str bucket,
			struct str region, struct buf *url,
			struct config_bucket *how, struct err *err)
{
	how->path_style = wants_path(config, bucket);
	if (config_endpoint_is_custom(config, CONFIG_S3)) {
		put_custom(config, how->path_style ? STR_NONE : bucket, url);
	} else {
		buf_puts(url, "https://");
		if (!how->path_style) {
			buf_put_str(url, bucket);
			buf_putc(url, '.');
		}
		if (config_endpoint_put_s3(config, "s3", STR_NONE, region, url,
					   err) < 0)
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
		return invalid_bucket(bucket, "not the name of a directory "
				      "bucket", err);
	if (config_endpoint_is_custom(config, CONFIG_S3))
		return plain_bucket(config, bucket, region, url, how, err);
	buf_puts(url, "https://");
	buf_put_str(url, bucket);
	buf_putc(url, '.');
	return config_endpoint_put_s3(config, "s3express", zone, region, url,
				      err);
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

/* Split at colons, and after the fifth colon at slashes too. */
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
	struct str outpost;	/* absent if there is none */
	struct str name;
};

static int read_arn(struct str arn, struct access_point *point,
		    struct err *err)
{
	struct str part[ARN_PARTS] = { STR_NONE };
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
	if (!url_is_label(point->region) ||
	    !url_is_label(point->account) ||
	    !url_is_label(point->name) ||
	    (outpost && !url_is_label(point->outpost)))
		return invalid_bucket(arn, "a part of the ARN holds "
				      "characters that no name can have", err);
	return 0;
}

/* May requests go to the region of the ARN? */
static int check_arn(const struct config *config, struct str arn,
		     const struct access_point *point, struct str region,
		     struct err *err)
{
	const char *partition = config_endpoint_partition(point->region);

	if (!str_is(point->partition, partition))
		return invalid_bucket(arn, "region and partition do not "
				      "belong together", err);
	if (!region.p)
		return 0;
	if (strcmp(partition, config_endpoint_partition(region)) != 0)
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
	struct access_point point = { .service = STR_NONE };
	bool lambda, custom = config_endpoint_is_custom(config, CONFIG_S3);
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
	url->failed |= before.failed;
	if (custom) {
		put_custom(config, buf_str(&before), url);
		buf_free(&before);
		return 0;
	}
	buf_puts(url, "https://");
	buf_put_str(url, buf_str(&before));
	buf_putc(url, '.');
	buf_free(&before);
	return config_endpoint_put_s3(config, host, STR_NONE, point.region, url,
				      err);
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
		return config_endpoint_check_room(url, err);
	}
	if (config_endpoint_check_region(region, err) < 0)
		return -1;
	how->region = config_endpoint_sign_region(region);
	if (str_has_suffix(bucket, STR("--op-s3")))
		return err_set(err, "NotSupported", "bucket \"%.*s\": aliases "
			       "of Outposts are not supported; use the ARN",
			       STR_FMT(bucket));
	status = zone.p ? directory_bucket(config, bucket, region, zone, url,
					   how, err) :
			  plain_bucket(config, bucket, region, url, how, err);
	return status < 0 ? -1 : config_endpoint_check_room(url, err);
}
