/* SPDX-License-Identifier: Apache-2.0 */
#include "ddb.h"

#include <stddef.h>
#include <string.h>

#include "checksum.h"
#include "json.h"
#include "pick.h"

struct answer {
	struct str type, message, capital_message;
};

/* TransactionCanceledException and some others write Message. */
static const struct pick_field fields[] = {
	{ "__type", offsetof(struct answer, type), false },
	{ "message", offsetof(struct answer, message), false },
	{ "Message", offsetof(struct answer, capital_message), false },
};

static struct str after_hash(struct str type)
{
	const char *hash = type.n > 0 ? memchr(type.p, '#', type.n) : NULL;

	if (!hash)
		return type;
	return (struct str){ hash + 1, type.n - (size_t)(hash + 1 - type.p) };
}

static int read_answer(struct aws_call *call, struct answer *answer,
		       struct err *err)
{
	struct pick *picker =
		pick_new(fields, sizeof(fields) / sizeof(*fields));
	int status = -1;

	*answer = (struct answer){ .type = STR_NONE };
	if (picker)
		status = pick_object(picker, buf_str(&call->http.body_in),
				   call->arena, answer, err);
	pick_free(picker);
	return status;
}

/* The part before ":http://..." of a header x-amzn-ErrorType. */
static struct str error_type(const struct http_request *http)
{
	struct str type = http_header(http, "x-amzn-ErrorType");

	return str_next(&type, ':');
}

/* Of the body as it was sent; on the way there it can only have been hurt. */
static int check_crc32(const struct aws_call *call, struct err *err)
{
	struct str header = http_header(&call->http, "x-amz-crc32");
	unsigned long crc = checksum_crc32(buf_str(&call->http.body_in));
	unsigned long long announced;

	if (str_number(header, &announced) < 0 || announced == crc)
		return 0;
	err_set(err, "CRC32CheckFailed",
		"the CRC-32 of the answer is %lu, not %llu", crc, announced);
	err->status = call->http.status;
	return -1;
}

static int judge(struct aws_call *call, struct err *err)
{
	struct str id = http_header(&call->http, "x-amzn-RequestId");
	long status = call->http.status;
	struct answer answer;
	struct str code, message;
	struct err ignored;

	if (check_crc32(call, err) < 0)
		return -1;
	if (read_answer(call, &answer, &ignored) < 0 && status / 100 == 2) {
		err_set(err, "UnexpectedAnswer", "not JSON: %s",
			ignored.message);
		err->status = 500;
		return -1;
	}
	if (status / 100 == 2)
		return 0;
	code = after_hash(answer.type.n > 0 ? answer.type :
					      error_type(&call->http));
	message = answer.message.p ? answer.message : answer.capital_message;
	if (code.n == 0 || code.n >= sizeof(err->code) || code.p[0] == '\0')
		code = status >= 500 ? STR("InternalServerError") :
				       STR("UnexpectedAnswer");
	err_set(err, "", "%.*s", STR_FMT(message));
	memcpy(err->code, code.p, code.n);
	if (id.n > 0 && id.n < sizeof(err->request_id))
		memcpy(err->request_id, id.p, id.n);
	err->status = status;
	return -1;
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
	to->method = "POST";
	to->body = body;
	to->judge = judge;
	to->redirect = NULL;
	to->n_headers = 0;
	if (config_endpoint(aws_config(aws), CONFIG_DYNAMODB, STR_NONE, &url,
			    &err) < 0) {
		aws_fail(aws, to, &err);
	} else {
		buf_putc(&url, '/');
		to->url = arena_dup(to->arena, buf_str(&url)).p;
		aws_header(to, "content-type",
			   STR("application/x-amz-json-1.0"));
		aws_header(to, "x-amz-target",
			   str_of(arena_printf(to->arena,
					       "DynamoDB_20120810.%s", action)));
		if (to->url && to->n_headers == 2) {
			aws_start(aws, to);
		} else {
			err_set(&err, "OutOfMemory", "out of memory");
			aws_fail(aws, to, &err);
		}
	}
	buf_free(&url);
}
