/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/ddb.h"

#include <stdio.h>
#include <string.h>

#include "aws/aws_json.h"
#include "config/config_endpoint.h"

void ddb_begin(struct ddb_call *call, struct arena *arena,
	       void (*done)(void *arg), void *arg)
{
	memset(call, 0, sizeof(*call));
	call->aws.arena = arena;
	call->aws.done = done;
	call->aws.arg = arg;
}

void ddb_start(struct aws *aws, struct ddb_call *call, const char *action,
	       struct str body)
{
	struct aws_call *to = &call->aws;
	struct err err;
	struct buf url;

	buf_init(&url, 4096);
	to->service = CONFIG_DYNAMODB;
	to->sign_service = "dynamodb";
	to->region = aws_config(aws)->region.value;
	if (config_endpoint(aws_config(aws), CONFIG_DYNAMODB, STR_NONE, &url,
			    &err) < 0) {
		aws_fail(aws, to, &err);
	} else {
		buf_putc(&url, '/');
		to->url = arena_take(to->arena, &url).p;
		aws_json_start(aws, to, arena_printf(to->arena,
					"DynamoDB_20120810.%s", action), body);
	}
	buf_free(&url);
}

void ddb_name_table(struct err *err, const char *table)
{
	if (err_is(err, "ResourceNotFoundException"))
		(void)snprintf(err->message, sizeof(err->message),
			       "there is no table %s here; ddb-record --create "
			       "makes it", table);
}
