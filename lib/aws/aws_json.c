/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/aws_json.h"

#include <stddef.h>
#include <string.h>

#include "format/json_pick.h"
#include "hash/checksum.h"
#include "http/http_describe.h"
#include "http/http_head.h"

struct json_answer {
	struct str type, message, capital_message;
};

/* TransactionCanceledException and some others write Message. */
static const struct json_pick_field fields[] = {
	{ "__type", offsetof(struct json_answer, type), false },
	{ "message", offsetof(struct json_answer, message), false },
	{ "Message", offsetof(struct json_answer, capital_message), false },
};

static struct str after_hash(struct str type)
{
	const char *hash = type.n > 0 ? memchr(type.p, '#', type.n) : NULL;

	if (!hash)
		return type;
	return (struct str){ hash + 1, type.n - (size_t)(hash + 1 - type.p) };
}

static int read_answer(struct aws_call *call, struct json_answer *answer,
		       struct err *err)
{
	*answer = (struct json_answer){ .type = STR_NONE };
	return json_pick(fields, sizeof(fields) / sizeof(*fields),
			 buf_str(&call->http.body_in), call->arena, answer,
			 err);
}

/* The part before ":http://..." of a header x-amzn-ErrorType. */
static struct str error_type(const struct http_request *http)
{
	struct str type = http_head_value(http, "x-amzn-ErrorType");

	return str_next(&type, ':');
}

/* The announced CRC-32 is that of the body: a difference means damage. */
static int check_crc32(const struct aws_call *call, struct err *err)
{
	struct str header = http_head_value(&call->http, "x-amz-crc32");
	unsigned long crc = checksum_crc32(buf_str(&call->http.body_in));
	unsigned long long announced;

	if (str_number(header, &announced) < 0 || announced == crc)
		return 0;
	err_set(err, "CRC32CheckFailed",
		"the CRC-32 of the answer is %lu, not %llu", crc, announced);
	err->status = call->http.status;
	return -1;
}

static const char *name_of(const struct aws_call *call)
{
	switch (call->service) {
	case CONFIG_DYNAMODB: return "DynamoDB";
	case CONFIG_SQS: return "SQS";
	default: return "AWS";
	}
}

/*
 * What AWS answers is empty, or its members begin with a capital.  A page that
 * says {"status": "UP"} to each request is somebody else's.
 */
static bool has_our_names(struct str body)
{
	body = str_trim(body, " \t\r\n{");
	return body.n < 2 || body.p[0] != '"' ||
	       (body.p[1] >= 'A' && body.p[1] <= 'Z');
}

static void put_request_id(struct str id, struct err *err)
{
	if (id.n > 0 && id.n < sizeof(err->request_id))
		memcpy(err->request_id, id.p, id.n);
}

/* Nothing says that the service has answered: it may, the next time. */
static int refuse(struct aws_call *call, long status, struct err *err)
{
	struct str id = http_head_value(&call->http, "x-amzn-RequestId");

	err_set(err, status >= 500 && call->http.status >= 500 ?
		"InternalServerError" : "UnexpectedAnswer", "%.*s",
		STR_FMT(http_describe(&call->http, id.n > 0 ? NULL : name_of(call),
				      call->arena)));
	put_request_id(id, err);
	err->status = status;
	err->retry = true;
	return -1;
}

static int judge(struct aws_call *call, struct err *err)
{
	struct str id = http_head_value(&call->http, "x-amzn-RequestId");
	long status = call->http.status;
	struct json_answer answer;
	struct str code, message;
	struct err ignored;
	bool is_json;

	if (check_crc32(call, err) < 0)
		return -1;
	is_json = read_answer(call, &answer, &ignored) == 0;
	if (status / 100 == 2 && is_json &&
	    has_our_names(buf_str(&call->http.body_in)))
		return 0;
	if (status / 100 == 2)
		return refuse(call, 500, err);	/* it is tried again */
	code = after_hash(answer.type.n > 0 ? answer.type :
					      error_type(&call->http));
	message = answer.message.p ? answer.message : answer.capital_message;
	if (code.n == 0 || code.n >= sizeof(err->code) || code.p[0] == '\0')
		return refuse(call, status, err);
	if (message.n == 0)
		message = http_describe(&call->http, NULL, call->arena);
	err_set(err, "", "%.*s", STR_FMT(message));
	memcpy(err->code, code.p, code.n);
	put_request_id(id, err);
	err->status = status;
	return -1;
}

static int judge_unread(struct aws_call *call, struct err *err)
{
	return call->http.status / 100 == 2 ? check_crc32(call, err) :
					      judge(call, err);
}

static void start(struct aws *aws, struct aws_call *call, const char *target,
		  struct str body)
{
	struct err err;

	call->method = "POST";
	call->body = body;
	call->redirect = NULL;
	call->n_headers = 0;
	aws_call_header(call, "content-type", STR("application/x-amz-json-1.0"));
	aws_call_header(call, "x-amz-target", str_of(target));
	if (call->url && body.p && call->n_headers == 2) {
		aws_start(aws, call);
	} else {
		err_memory(&err);
		aws_fail(aws, call, &err);
	}
}

void aws_json_start(struct aws *aws, struct aws_call *call, const char *target,
		    struct str body)
{
	call->judge = judge;
	start(aws, call, target, body);
}

void aws_json_start_unread(struct aws *aws, struct aws_call *call,
			   const char *target, struct str body)
{
	call->judge = judge_unread;
	start(aws, call, target, body);
}
