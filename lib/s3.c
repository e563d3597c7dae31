/* SPDX-License-Identifier: Apache-2.0 */
#include "s3.h"

#include <string.h>

#include "s3_answer.h"
#include "s3_request.h"

bool s3_is_gone(const struct err *err)
{
	return strcmp(err->code, "NoSuchKey") == 0 ||
	       strcmp(err->code, "NoSuchVersion") == 0 ||
	       strcmp(err->code, "NotFound") == 0 ||
	       strcmp(err->code, "PreconditionFailed") == 0 ||
	       (strcmp(err->code, "MethodNotAllowed") == 0 &&
		err->status == 405);
}

bool s3_etag_is_md5(struct str etag)
{
	if (etag.n != 32)
		return false;
	for (size_t i = 0; i < etag.n; i++)
		if (etag.p[i] == '\0' ||
		    !strchr("0123456789abcdefABCDEF", etag.p[i]))
			return false;
	return true;
}

static void read_object(struct aws *aws, struct s3_call *call,
			const struct s3_object *object, const char *method)
{
	struct err err;

	call->aws.method = method;
	call->needs = ": s3:GetObject (s3:GetObjectVersion for a version) is "
		      "needed, and kms:Decrypt if it is encrypted so; where "
		      "s3:ListBucket is not granted, a missing object is "
		      "answered like this too";
	if (s3_request_address(aws, call, object, &err) < 0 ||
	    s3_request_pin(call, object, &err) < 0) {
		aws_fail(aws, &call->aws, &err);
		return;
	}
	aws_header(&call->aws, "range", call->range);
	if (aws_config(aws)->response_checksums == CONFIG_WHEN_SUPPORTED)
		aws_header(&call->aws, "x-amz-checksum-mode", STR("ENABLED"));
	aws_start(aws, &call->aws);
}

void s3_read_answer(struct s3_call *call)
{
	s3_answer_read(call);
}

/* "bytes 0-99/1000": does it begin where it should? */
static bool begins_at(const struct s3_call *call, unsigned long long at)
{
	struct str range = http_header(&call->aws.http, "content-range");
	unsigned long long from;
	struct str number;

	if (!str_has_prefix(range, STR("bytes ")))
		return false;
	number = (struct str){ range.p + 6, 0 };
	while (number.n < range.n - 6 && number.p[number.n] >= '0' &&
	       number.p[number.n] <= '9')
		number.n++;
	return str_number(number, &from) == 0 && from == at;
}

int s3_read_on(struct s3_call *call, struct str etag, unsigned long long at,
	       unsigned long long *skip, struct err *err)
{
	bool is_range = call->aws.http.status == 206;

	s3_read_answer(call);
	*skip = is_range ? 0 : at;
	if (s3_answer_differs(etag, call->etag))
		return err_set(err, "PreconditionFailed",
			       "the object is another one by now");
	if (!is_range || begins_at(call, at))
		return 0;
	err_set(err, "UnexpectedAnswer", "another range than asked for");
	err->retry = true;
	return -1;
}

void s3_get(struct aws *aws, struct s3_call *call,
	    const struct s3_object *object)
{
	read_object(aws, call, object, "GET");
}

void s3_head(struct aws *aws, struct s3_call *call,
	     const struct s3_object *object)
{
	read_object(aws, call, object, "HEAD");
}

static int prepare_copy(struct aws *aws, struct s3_call *call,
			const struct s3_object *from,
			const struct s3_object *to,
			enum s3_overwrite overwrite, struct err *err)
{
	if (s3_request_address(aws, call, to, err) < 0 ||
	    s3_request_source(call, from, err) < 0 ||
	    s3_request_condition(aws, call, to, overwrite, err) < 0)
		return -1;
	if (call->options && call->options->no_tags)
		aws_header(&call->aws, "x-amz-tagging-directive",
			   STR("REPLACE"));
	s3_request_target(call);
	call->aws.body = STR("");
	return 0;
}

void s3_copy(struct aws *aws, struct s3_call *call,
	     const struct s3_object *from, const struct s3_object *to,
	     enum s3_overwrite overwrite)
{
	struct err err;

	call->aws.method = "PUT";
	call->writes = true;
	call->root = "CopyObjectResult";
	call->needs = ": s3:GetObject (s3:GetObjectVersion) at the source and "
		      "s3:PutObject at the destination are needed, with tags "
		      "also s3:GetObjectTagging and s3:PutObjectTagging, with "
		      "KMS keys kms:Decrypt and kms:GenerateDataKey; where "
		      "s3:ListBucket is not granted, a missing source is "
		      "answered like this too";
	if (prepare_copy(aws, call, from, to, overwrite, &err) < 0)
		aws_fail(aws, &call->aws, &err);
	else
		aws_start(aws, &call->aws);
}

static int prepare_put(struct aws *aws, struct s3_call *call,
		       const struct s3_object *to,
		       const struct s3_content *content,
		       enum s3_overwrite overwrite, struct err *err)
{
	struct aws_call *request = &call->aws;

	if (s3_request_address(aws, call, to, err) < 0 ||
	    s3_request_condition(aws, call, to, overwrite, err) < 0)
		return -1;
	request->body = content->bytes;
	request->slice = content->slice;
	request->more = content->headers;
	request->n_more = content->n_headers;
	aws_header(request, "content-type", content->type);
	s3_request_target(call);
	return s3_request_checksum(aws, call, err);
}

void s3_put(struct aws *aws, struct s3_call *call,
	    const struct s3_object *to, const struct s3_content *content,
	    enum s3_overwrite overwrite)
{
	struct err err;

	call->aws.method = "PUT";
	call->writes = true;
	call->needs = ": s3:PutObject is needed, and kms:GenerateDataKey "
		      "where a KMS key encrypts";
	if (prepare_put(aws, call, to, content, overwrite, &err) < 0)
		aws_fail(aws, &call->aws, &err);
	else
		aws_start(aws, &call->aws);
}

void s3_delete(struct aws *aws, struct s3_call *call,
	       const struct s3_object *object)
{
	struct err err;

	call->aws.method = "DELETE";
	call->needs = ": s3:DeleteObject (s3:DeleteObjectVersion for a "
		      "version) is needed";
	if (s3_request_address(aws, call, object, &err) < 0 ||
	    s3_request_pin(call, object, &err) < 0)
		aws_fail(aws, &call->aws, &err);
	else
		aws_start(aws, &call->aws);
}
