/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/s3_list.h"

#include "format/uri.h"
#include "s3/s3_answer.h"
#include "s3/s3_request.h"

enum { QUERY_MAX = 16 << 10 };

const char *s3_list_name(enum s3_list_kind kind)
{
	static const char *const names[] = {
		[S3_LIST_V2] = "ListObjectsV2",
		[S3_LIST_V1] = "ListObjects",
		[S3_LIST_VERSIONS] = "ListObjectVersions",
	};

	return names[kind];
}

static void put(struct buf *query, const char *name, struct str value)
{
	if (!value.p)
		return;
	if (query->n > 0)
		buf_putc(query, '&');
	buf_puts(query, name);
	buf_putc(query, '=');
	uri_encode(query, value);
}

static void put_query(struct buf *query, const struct s3_list *list)
{
	bool versions = list->kind == S3_LIST_VERSIONS;
	bool v2 = list->kind == S3_LIST_V2;

	if (v2)
		put(query, "continuation-token", list->token);
	put(query, "encoding-type", STR("url"));
	if (versions)
		put(query, "key-marker", list->after);
	if (v2)
		put(query, "list-type", STR("2"));
	if (list->kind == S3_LIST_V1)
		put(query, "marker", list->after);
	buf_printf(query, "&max-keys=%u", list->max);
	if (list->prefix.n > 0)
		put(query, "prefix", list->prefix);
	if (v2 && !list->token.p)
		put(query, "start-after", list->after);
	if (versions) {
		put(query, "version-id-marker", list->version);
		put(query, "versions", STR(""));
	}
}

/* A good answer may be no list: then it is no good. */
static int judge(struct aws_call *aws, struct err *err)
{
	struct s3_call *call = (struct s3_call *)aws;

	if (s3_answer_judge(aws, err) < 0)
		return -1;
	return call->read(call->read_arg, buf_str(&aws->http.body_in), err);
}

static int prepare(struct aws *aws, struct s3_call *call,
		   const struct s3_list *list, struct err *err)
{
	const struct s3_object bucket = { .bucket = list->bucket,
					  .key = STR("") };
	struct buf query;

	if (s3_request_address(aws, call, &bucket, err) < 0)
		return -1;
	call->aws.judge = judge;
	buf_init(&query, QUERY_MAX);
	put_query(&query, list);
	call->aws.query = arena_take(call->aws.arena, &query);
	return call->aws.query.p ? 0 : err_memory(err);
}

void s3_list(struct aws *aws, struct s3_call *call, const struct s3_list *list)
{
	struct err err;

	call->aws.method = "GET";
	call->needs = list->kind == S3_LIST_VERSIONS ?
		      ": s3:ListBucketVersions is needed" :
		      ": s3:ListBucket is needed";
	if (prepare(aws, call, list, &err) < 0)
		aws_fail(aws, &call->aws, &err);
	else
		aws_start(aws, &call->aws);
}
