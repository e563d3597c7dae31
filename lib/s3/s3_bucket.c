/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/s3_bucket.h"

#include "s3/s3_request.h"

static void ask(struct aws *aws, struct s3_call *call, struct str bucket)
{
	struct s3_object whole = { .bucket = bucket, .key = STR("") };
	struct str query = call->aws.query;
	struct err err;

	if (s3_request_address(aws, call, &whole, &err) < 0) {
		aws_fail(aws, &call->aws, &err);
		return;
	}
	call->aws.query = query;
	aws_start(aws, &call->aws);
}

void s3_head_bucket(struct aws *aws, struct s3_call *call, struct str bucket)
{
	call->aws.method = "HEAD";
	call->needs = ": s3:ListBucket is needed";
	ask(aws, call, bucket);
}

void s3_get_bucket(struct aws *aws, struct s3_call *call, struct str bucket,
		   const char *what)
{
	struct err err;

	call->aws.method = "GET";
	call->aws.query = str_of(arena_printf(call->aws.arena, "%s=", what));
	if (call->aws.query.p) {
		ask(aws, call, bucket);
	} else {
		err_memory(&err);
		aws_fail(aws, &call->aws, &err);
	}
}
