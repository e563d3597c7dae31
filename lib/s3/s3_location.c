/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/s3_location.h"

#include "aws/region.h"
#include "base/buf.h"
#include "config/config_bucket.h"
#include "config/config_endpoint.h"
#include "format/uri.h"
#include "format/url.h"
#include "s3/s3_answer.h"

enum { URL_MAX = 8 << 10 };

int s3_location_find(struct aws *aws, struct s3_call *call, struct err *err)
{
	struct aws_call *to = &call->aws;
	struct str region = region_find(aws_regions(aws), call->bucket);
	struct config_bucket how;
	struct buf url;
	int status;

	buf_init(&url, URL_MAX);
	status = config_bucket_url(aws_config(aws), call->bucket, region, &url,
				   &how, err);
	buf_putc(&url, '/');
	uri_encode_path(&url, call->key);
	to->url = url.failed ? NULL : arena_dup(to->arena, buf_str(&url)).p;
	if (status == 0 && url.failed)
		status = err_set(err, "InvalidKey",
				 "the key is too long for a URL");
	else if (status == 0 && !to->url)
		status = err_memory(err);
	buf_free(&url);
	if (status < 0)
		return -1;
	to->sign_service = how.service;
	to->region = arena_dup(to->arena, how.region);
	if (!to->region.p)
		return err_memory(err);
	return 0;
}

/*
 * The URL of the bucket.  A HEAD of it names the bucket's region to anybody, in
 * any region.
 */
static const char *bucket_url(const struct s3_call *call)
{
	const struct aws_call *to = &call->aws;
	struct config_bucket how;
	const char *kept = NULL;
	struct err ignored;
	struct buf url;

	buf_init(&url, URL_MAX);
	if (config_bucket_url(aws_config(to->aws), call->bucket, to->region,
			      &url, &how, &ignored) == 0 && !how.is_arn)
		kept = arena_take(to->arena, &url).p;
	buf_free(&url);
	return kept;
}

/*
 * A region that the answer names is learned, for the calls to come.  The
 * Location of a 307 counts for this call only: it leads to a bucket so new that
 * its name is not known everywhere yet.  The keys go no further than to AWS, or
 * to the host that the user has set.
 */
bool s3_location_redirect(struct aws_call *to)
{
	struct s3_call *call = (struct s3_call *)to;
	struct str region = s3_answer_region(call);
	struct str location = STR_NONE;
	struct err ignored;

	if (!to->asked)
		location = s3_answer_location(call);
	if (location.p && !config_endpoint_may_follow(aws_config(to->aws),
						      str_of(to->url), location))
		location = STR_NONE;
	if (location.p && region.n == 0)
		region = region_of_host(location);
	if (location.p) {
		to->url = location.p;
		if (url_is_label(region))
			to->region = region;
		return true;
	}
	if (region.n == 0 && !to->asked && s3_answer_is_elsewhere(call))
		to->ask = bucket_url(call);
	if (region.n == 0 || str_eq(region, to->region))
		return false;
	region_learn(aws_regions(to->aws), call->bucket, region);
	return s3_location_find(to->aws, call, &ignored) == 0 &&
	       str_eq(region, to->region);
}
