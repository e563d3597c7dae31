/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/s3.h"

#include <string.h>

#include "config/config_endpoint.h"
#include "format/iso.h"
#include "hash/etag.h"
#include "http/http_head.h"
#include "s3/s3_answer.h"
#include "s3/s3_request.h"

bool s3_may_be_gone(const struct err *err)
{
	return err_is(err, "NoSuchKey") ||
	       err_is(err, "NoSuchVersion") ||
	       err_is(err, "NotFound") ||
	       err_is(err, "PreconditionFailed") ||
	       (err_is(err, "MethodNotAllowed") &&
		err->status == 405);
}

bool s3_is_absent(const struct s3_call *call)
{
	const struct err *err = &call->aws.err;

	return err_is(err, "NoSuchKey") || err_is(err, "NoSuchVersion") ||
	       (err_is(err, "NotFound") && call->is_s3) ||
	       (err->status == 405 && call->is_marker);
}

struct s3_object s3_object_of(const struct record *record)
{
	return (struct s3_object){ .bucket = record->bucket,
				   .key = record->key,
				   .version = record->version,
				   .etag = record->etag, .read = record->read };
}

/* read has "CRC64NVME:..."; checksums of two kinds cannot be compared. */
bool s3_has_other_checksum(const struct s3_call *call,
			   const struct record_marks *read)
{
	struct str value = read->checksum;
	struct str kind = str_next(&value, ':');

	return call->checksum != CHECKSUM_NONE &&
	       str_is(kind, checksum_name(call->checksum)) &&
	       !str_eq(value, call->checksum_value);
}

bool s3_is_rewritten(const struct s3_call *call,
		     const struct record_marks *read)
{
	bool counts = read->modified > 0 &&
		      !(call->options && call->options->no_modified);

	return (counts && call->modified > 0 &&
		call->modified != read->modified) ||
	       s3_has_other_checksum(call, read);
}

int s3_read_marks(const struct s3_call *call, struct arena *arena,
		  struct record_marks *read, struct err *err)
{
	if (read->modified <= 0)
		read->modified = call->modified;
	if (read->checksum.p || call->checksum == CHECKSUM_NONE)
		return 0;
	read->checksum = str_of(arena_printf(arena, "%s:%.*s",
		checksum_name(call->checksum), STR_FMT(call->checksum_value)));
	return read->checksum.p ? 0 : err_memory(err);
}

struct s3_call *s3_begin(const struct s3_work *work, struct s3_call *call,
			 void (*done)(void *arg), void *arg)
{
	const struct record *record = work->record;

	memset(call, 0, sizeof(*call));
	call->options = work->options;
	call->aws.arena = work->arena;
	call->aws.done = done;
	call->aws.arg = arg;
	if (record) {
		call->aws.deadline = record->deadline;
		call->aws.trace = record->trace;
		call->likely_size = record->has_size ? record->size : 0;
	}
	return call;
}

struct err s3_end(struct s3_call *call)
{
	struct err err = call->aws.err;

	aws_call_free(&call->aws);
	return err;
}

static bool zips(const struct s3_call *call)
{
	return call->no_gzip || (call->options && call->options->quirks &&
				 call->options->quirks->zips);
}

bool s3_is_zipped(struct s3_call *call)
{
	if (!call->aws.takes_gzip || !s3_answer_is_zipped(call))
		return false;
	call->aws.takes_gzip = false;
	if (call->options && call->options->quirks)
		call->options->quirks->zips = true;
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
	call->aws.takes_gzip = config_endpoint_is_custom(aws_config(aws),
							 CONFIG_S3) &&
			       !zips(call);
	aws_call_header(&call->aws, "range", call->range);
	if (aws_config(aws)->response_checksums == CONFIG_WHEN_SUPPORTED)
		aws_call_header(&call->aws, "x-amz-checksum-mode",
				STR("ENABLED"));
	aws_start(aws, &call->aws);
}

int s3_read_answer(struct s3_call *call, struct err *err)
{
	return s3_answer_read(call, err);
}

int s3_prove_answer(struct s3_call *call, struct str etag, struct err *err)
{
	if (etag_same(etag, call->etag) || !s3_answer_is_page(call))
		return 0;
	s3_answer_doubt(call, err);
	return -1;
}

void s3_get(struct aws *aws, struct s3_call *call,
	    const struct s3_object *object)
{
	read_object(aws, call, object, "GET");
}

/* HEAD, and what it cannot say */

static void end_head(struct s3_call *call)
{
	call->aws.done = call->headed;
	call->aws.arg = call->headed_arg;
	call->headed(call->headed_arg);
}

static int take_no_more(void *arg, const char *bytes, size_t n)
{
	(void)arg;
	(void)bytes;
	(void)n;
	return HTTP_ABORT;
}

/* "bytes 0-0/12": the size of the whole. */
static void read_whole_size(struct s3_call *call)
{
	struct http_part part;

	call->has_size = http_head_part(&call->aws.http, &part) == 0 &&
			 part.knows_whole;
	if (call->has_size)
		call->size = part.whole;
}

/* The byte has come: the answer to GET counts for more than that to HEAD. */
static void read_byte(struct s3_call *call, struct err *err)
{
	err->code[0] = '\0';
	if (s3_answer_read(call, err) < 0)
		return;
	if (call->aws.http.status == 206)
		read_whole_size(call);
	if (etag_differs(call->pinned_etag, call->etag) ||
	    s3_is_rewritten(call, &call->pinned_read))
		err_set(err, "PreconditionFailed",
			"the object is another one by now");
	else if (!s3_answer_is_proved(call))
		s3_answer_doubt(call, err);
}

/*
 * The byte has come, or the reason why not.  A server that works, but not at
 * this, leaves the word of the HEAD; so does one that has nothing to send of an
 * empty object.
 */
static void on_byte(void *arg)
{
	struct s3_call *call = arg;
	struct err *err = &call->aws.err;
	bool knows_none = err->status == 416 || err->status == 501;

	if (err_is(err, ERR_ABORTED) || !err_is_set(err))
		read_byte(call, err);
	else if (err->status == 416 && call->is_s3 && call->is_doubtful)
		err->code[0] = '\0';
	else if (knows_none || (err->status >= 500 && !call->is_doubtful))
		*err = call->head_err;
	end_head(call);
}

/*
 * Does a HEAD that was refused leave open why?  Without a body, a 404 may be a
 * proxy's, and a 403 that of a wrong clock.
 */
static bool is_open(const struct s3_call *call)
{
	long status = call->aws.http.status;

	return err_is_set(&call->aws.err) &&
	       (status == 400 || status == 403 ||
		((status == 404 || status == 405 || status == 412) &&
		 (!call->is_s3 || call->wants_reason)));
}

static void on_head(void *arg)
{
	struct s3_call *call = arg;
	struct s3_object object = call->head;

	call->is_doubtful = !err_is_set(&call->aws.err) && call->etag.n == 0;
	if (!is_open(call) && !call->is_doubtful) {
		end_head(call);
		return;
	}
	call->head_err = call->aws.err;
	if (call->is_doubtful && !s3_answer_is_proved(call))
		s3_answer_doubt(call, &call->head_err);
	aws_call_free(&call->aws);
	call->range = STR("bytes=0-0");
	call->aws.sink = take_no_more;
	call->aws.done = on_byte;
	read_object(call->client, call, &object, "GET");
}

void s3_head(struct aws *aws, struct s3_call *call,
	     const struct s3_object *object)
{
	call->client = aws;
	call->head = *object;
	call->headed = call->aws.done;
	call->headed_arg = call->aws.arg;
	call->aws.done = on_head;
	call->aws.arg = call;
	read_object(aws, call, object, "HEAD");
}

static int prepare_copy(struct aws *aws, struct s3_call *call,
			const struct s3_object *from,
			const struct s3_object *to,
			enum s3_overwrite overwrite, struct err *err)
{
	if (s3_request_address(aws, call, to, err) < 0 ||
	    s3_request_source(aws, call, from, err) < 0 ||
	    s3_request_condition(aws, call, to, overwrite, err) < 0)
		return -1;
	if (call->options && call->options->no_tags)
		aws_call_header(&call->aws, "x-amz-tagging-directive",
				STR("REPLACE"));
	if (call->options && call->options->no_annotations)
		aws_call_header(&call->aws, "x-amz-object-annotation-directive",
				STR("EXCLUDE"));
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
	call->aws.patient = true;
	call->needs = ": s3:GetObject (s3:GetObjectVersion) at the source and "
		      "s3:PutObject at the destination are needed, with tags "
		      "also s3:GetObjectTagging and s3:PutObjectTagging, with "
		      "annotations s3:GetObjectAnnotation and "
		      "s3:PutObjectAnnotation (or --annotations exclude), with "
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
	aws_call_header(request, "content-type", content->type);
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

/* A header of Ceph's own; others pass over it. */
static int put_unmodified(struct s3_call *call, struct err *err)
{
	char text[ISO_SIZE];
	struct str time;

	iso_write(text, (time_t)call->unmodified_since);
	time = arena_dup(call->aws.arena, str_of(text));
	if (!time.p)
		return err_memory(err);
	aws_call_header(&call->aws, "x-amz-delete-if-unmodified-since", time);
	return 0;
}

void s3_delete(struct aws *aws, struct s3_call *call,
	       const struct s3_object *object)
{
	struct err err;

	call->aws.method = "DELETE";
	call->needs = ": s3:DeleteObject (s3:DeleteObjectVersion for a "
		      "version) is needed";
	if (s3_request_address(aws, call, object, &err) < 0 ||
	    s3_request_pin(call, object, &err) < 0 ||
	    (call->unmodified_since > 0 && put_unmodified(call, &err) < 0))
		aws_fail(aws, &call->aws, &err);
	else
		aws_start(aws, &call->aws);
}
