/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/s3_part.h"

#include "format/uri.h"
#include "s3/s3_request.h"

enum { QUERY_MAX = 8 << 10 };

static void start(struct aws *aws, struct s3_call *call, int prepared,
		  const struct err *err)
{
	if (prepared < 0)
		aws_fail(aws, &call->aws, err);
	else
		aws_start(aws, &call->aws);
}

/* The query, of which the buffer is freed. */
static int take_query(struct s3_call *call, struct buf *text, struct err *err)
{
	call->aws.query = arena_take(call->aws.arena, text);
	return call->aws.query.p ? 0 : err_memory(err);
}

/*
 * The query, with the id of an upload behind it.  Without one a request would
 * be about the object itself: DELETE would remove it.
 */
static int set_upload(struct s3_call *call, const char *query,
		      struct str upload, struct err *err)
{
	struct buf text;

	if (!query || !upload.p)
		return err_memory(err);
	if (upload.n == 0)
		return err_set(err, "UnexpectedAnswer", "an upload without id");
	buf_init(&text, QUERY_MAX);
	buf_puts(&text, query);
	buf_puts(&text, "uploadId=");
	uri_encode(&text, upload);
	return take_query(call, &text, err);
}

static int prepare_create(struct aws *aws, struct s3_call *call,
			  const struct s3_object *to,
			  const struct s3_content *content, struct err *err)
{
	struct aws_call *request = &call->aws;

	if (s3_request_address(aws, call, to, err) < 0)
		return -1;
	request->query = STR("uploads=");
	request->body = STR("");
	request->more = content->headers;
	request->n_more = content->n_headers;
	aws_call_header(request, "content-type", content->type);
	if (s3_request_sends_checksums(aws, call)) {
		aws_call_header(request, "x-amz-checksum-algorithm",
				STR("CRC64NVME"));
		aws_call_header(request, "x-amz-checksum-type",
				STR("FULL_OBJECT"));
	}
	s3_request_target(call);
	return 0;
}

void s3_create_multipart_upload(struct aws *aws, struct s3_call *call,
				const struct s3_object *to,
				const struct s3_content *content)
{
	struct err err;

	call->aws.method = "POST";
	call->root = "InitiateMultipartUploadResult";
	call->needs = ": s3:PutObject is needed, with tags also "
		      "s3:PutObjectTagging, with a KMS key "
		      "kms:GenerateDataKey and kms:Decrypt";
	start(aws, call, prepare_create(aws, call, to, content, &err), &err);
}

static int address_part(struct aws *aws, struct s3_call *call,
			const struct s3_part *part, struct err *err)
{
	const char *query = arena_printf(call->aws.arena, "partNumber=%u&",
					 part->number);

	if (s3_request_address(aws, call, &part->to, err) < 0)
		return -1;
	return set_upload(call, query, part->upload, err);
}

static int prepare_part(struct aws *aws, struct s3_call *call,
			const struct s3_part *part,
			const struct s3_content *content, struct err *err)
{
	call->aws.slice = content->slice;
	call->aws.body = content->bytes;
	if (address_part(aws, call, part, err) < 0)
		return -1;
	return s3_request_checksum(aws, call, err);
}

void s3_upload_part(struct aws *aws, struct s3_call *call,
		    const struct s3_part *part,
		    const struct s3_content *content)
{
	struct err err;

	call->aws.method = "PUT";
	call->needs = ": s3:PutObject is needed, with a KMS key "
		      "kms:GenerateDataKey and kms:Decrypt";
	start(aws, call, prepare_part(aws, call, part, content, &err), &err);
}

static int prepare_part_copy(struct aws *aws, struct s3_call *call,
			     const struct s3_part *part,
			     const struct s3_object *from, struct err *err)
{
	const char *range = arena_printf(call->aws.arena, "bytes=%llu-%llu",
					 part->offset,
					 part->offset + part->size - 1);

	if (!range)
		return err_memory(err);
	if (address_part(aws, call, part, err) < 0 ||
	    s3_request_source(aws, call, from, err) < 0)
		return -1;
	aws_call_header(&call->aws, "x-amz-copy-source-range", str_of(range));
	call->aws.body = STR("");
	return 0;
}

void s3_upload_part_copy(struct aws *aws, struct s3_call *call,
			 const struct s3_part *part,
			 const struct s3_object *from)
{
	struct err err;

	call->aws.method = "PUT";
	call->root = "CopyPartResult";
	call->aws.patient = true;
	call->needs = ": s3:GetObject (s3:GetObjectVersion) at the source and "
		      "s3:PutObject at the destination are needed, with KMS "
		      "keys kms:Decrypt and kms:GenerateDataKey";
	start(aws, call, prepare_part_copy(aws, call, part, from, &err), &err);
}

static int prepare_complete(struct aws *aws, struct s3_call *call,
			    const struct s3_part *whole, struct str parts,
			    enum s3_overwrite overwrite, struct err *err)
{
	const char *size = arena_printf(call->aws.arena, "%llu", whole->size);

	if (!size)
		return err_memory(err);
	if (s3_request_address(aws, call, &whole->to, err) < 0 ||
	    set_upload(call, "", whole->upload, err) < 0 ||
	    s3_request_condition(aws, call, &whole->to, overwrite,
				 err) < 0)
		return -1;
	aws_call_header(&call->aws, "content-type", STR("application/xml"));
	aws_call_header(&call->aws, "x-amz-mp-object-size", str_of(size));
	call->aws.body = parts;
	return 0;
}

void s3_complete_multipart_upload(struct aws *aws, struct s3_call *call,
				  const struct s3_part *whole,
				  struct str parts,
				  enum s3_overwrite overwrite)
{
	struct err err;

	call->aws.method = "POST";
	call->writes = true;
	call->root = "CompleteMultipartUploadResult";
	call->aws.patient = true;
	call->needs = ": s3:PutObject is needed, with a KMS key kms:Decrypt";
	start(aws, call,
	      prepare_complete(aws, call, whole, parts, overwrite, &err),
	      &err);
}

/* A request about an upload. */
static void ask(struct aws *aws, struct s3_call *call,
		const struct s3_object *object, const char *query,
		struct str upload)
{
	struct err err;
	int status = s3_request_address(aws, call, object, &err);

	if (status == 0)
		status = set_upload(call, query, upload, &err);
	start(aws, call, status, &err);
}

void s3_abort_multipart_upload(struct aws *aws, struct s3_call *call,
			       const struct s3_object *to, struct str upload)
{
	call->aws.method = "DELETE";
	call->needs = ": s3:AbortMultipartUpload is needed";
	ask(aws, call, to, "", upload);
}

static int prepare_list(struct aws *aws, struct s3_call *call,
			const struct s3_object *object, const char *what,
			struct err *err)
{
	struct s3_object bucket = { .bucket = object->bucket, .key = STR("") };
	struct buf query;

	if (s3_request_address(aws, call, &bucket, err) < 0)
		return -1;
	buf_init(&query, QUERY_MAX);
	buf_puts(&query, "encoding-type=url&prefix=");
	uri_encode(&query, object->key);
	buf_printf(&query, "&%s=", what);
	return take_query(call, &query, err);
}

/* A list of what has the object's key as prefix. */
static void list(struct aws *aws, struct s3_call *call,
		 const struct s3_object *object, const char *what)
{
	struct err err;

	call->aws.method = "GET";
	start(aws, call, prepare_list(aws, call, object, what, &err), &err);
}

void s3_list_multipart_uploads(struct aws *aws, struct s3_call *call,
			       const struct s3_object *to)
{
	call->root = "ListMultipartUploadsResult";
	call->needs = ": s3:ListBucketMultipartUploads is needed";
	list(aws, call, to, "uploads");
}

void s3_list_object_versions(struct aws *aws, struct s3_call *call,
			     const struct s3_object *object)
{
	call->root = "ListVersionsResult";
	call->needs = ": s3:ListBucketVersions is needed";
	list(aws, call, object, "versions");
}

void s3_list_parts(struct aws *aws, struct s3_call *call,
		   const struct s3_object *to, struct str upload,
		   struct str after)
{
	const char *query = "";

	call->aws.method = "GET";
	call->root = "ListPartsResult";
	call->needs = ": s3:ListMultipartUploadParts is needed";
	if (after.n > 0)
		query = arena_printf(call->aws.arena,
				     "part-number-marker=%.*s&",
				     STR_FMT(after));
	ask(aws, call, to, query, upload);
}

static int prepare_tagging(struct aws *aws, struct s3_call *call,
			   const struct s3_object *object, struct err *err)
{
	struct s3_object version = { .version = object->version };

	if (s3_request_address(aws, call, object, err) < 0 ||
	    s3_request_pin(call, &version, err) < 0)
		return -1;
	call->aws.query = str_of(arena_printf(call->aws.arena, "tagging=%s%.*s",
		call->aws.query.n > 0 ? "&" : "", STR_FMT(call->aws.query)));
	return call->aws.query.p ? 0 : err_memory(err);
}

void s3_get_object_tagging(struct aws *aws, struct s3_call *call,
			   const struct s3_object *object)
{
	struct err err;

	call->aws.method = "GET";
	call->root = "Tagging";
	call->needs = ": s3:GetObjectTagging (s3:GetObjectVersionTagging for "
		      "a version) is needed, or tags left out with --no-tags";
	start(aws, call, prepare_tagging(aws, call, object, &err), &err);
}
