/* SPDX-License-Identifier: Apache-2.0 */
/* s3_request: a request is whole, or none where memory is out. */
#include "s3/s3_request.h"

#include <stdlib.h>

#include "s3/s3_part.h"
#include "tap.h"

enum { BLOCK = 4096, STEP = 16 };

static const struct s3_object object = { .bucket = STR("b"),
					 .key = STR("a/key") };
static struct aws *aws;

static void on_done(void *arg)
{
	(void)arg;
}

static void list_uploads(struct s3_call *call)
{
	s3_list_multipart_uploads(aws, call, &object);
}

static void list_parts(struct s3_call *call)
{
	s3_list_parts(aws, call, &object, STR("an upload"), STR("17"));
}

static void upload_part(struct s3_call *call)
{
	const struct s3_part part = { .to = object, .upload = STR("an upload"),
				      .number = 3 };
	const struct s3_content content = { .bytes = STR("x") };

	s3_upload_part(aws, call, &part, &content);
}

static void abort_upload(struct s3_call *call)
{
	s3_abort_multipart_upload(aws, call, &object, STR("an upload"));
}

static void delete_unmodified(struct s3_call *call)
{
	call->unmodified_since = 1600000000;
	s3_delete(aws, call, &object);
}

static void get_version(struct s3_call *call)
{
	struct s3_object version = object;

	version.version = STR("v 1");
	s3_get(aws, call, &version);
}

static struct str header(const struct s3_call *call, const char *name)
{
	for (size_t i = 0; i < call->aws.n_headers; i++)
		if (str_is(call->aws.headers[i].name, name))
			return call->aws.headers[i].value;
	return STR("");
}

static void begin(struct s3_call *call, struct arena *arena)
{
	memset(call, 0, sizeof(*call));
	call->aws.arena = arena;
	call->aws.done = on_done;
}

static void end(struct s3_call *call, struct arena *arena)
{
	aws_cancel(&call->aws);
	aws_call_free(&call->aws);
	arena_free(arena);
}

/* With ever more memory: no request, until it is the whole one. */
static void test_memory(const char *name, void (*start)(struct s3_call *call),
			const char *query, const char *also, const char *value)
{
	unsigned refused = 0, whole = 0, other = 0;

	for (size_t left = 0; left <= BLOCK; left += STEP) {
		struct s3_call call;
		struct arena arena;

		arena_init(&arena, BLOCK);
		if (left < BLOCK)
			(void)arena_alloc(&arena, BLOCK - left);
		begin(&call, &arena);
		start(&call);
		if (err_is(&call.aws.err, ERR_MEMORY))
			refused++;
		else if (str_eq(call.aws.query, str_of(query)) &&
			 str_is(header(&call, also), value))
			whole++;
		else
			other++;
		end(&call, &arena);
	}
	ok(refused > 0 && whole > 0 && other == 0,
	   "%s: %u without memory, %u whole, %u other", name, refused, whole,
	   other);
}

/* A text that has no room is not left out. */
static void test_room(void)
{
	static char key[9000];
	struct s3_object large = { .bucket = STR("b") };
	struct s3_call call;
	struct arena arena;

	memset(key, 'k', sizeof(key));
	large.key = (struct str){ key, sizeof(key) };
	arena_init(&arena, 1 << 20);
	begin(&call, &arena);
	s3_list_object_versions(aws, &call, &large);
	ok(err_is(&call.aws.err, ERR_MEMORY), "no list without its prefix");
	end(&call, &arena);
}

/* What there was no memory for is absent. */
static void test_absent(void)
{
	const struct s3_object nothing = { .bucket = STR("b") };
	struct s3_call call;
	struct arena arena;

	arena_init(&arena, 1 << 20);
	begin(&call, &arena);
	s3_abort_multipart_upload(aws, &call, &object, STR_NONE);
	ok(err_is(&call.aws.err, ERR_MEMORY),
	   "the object is not deleted where its upload has no id");
	end(&call, &arena);

	begin(&call, &arena);
	s3_abort_multipart_upload(aws, &call, &object, STR(""));
	ok(err_is(&call.aws.err, "UnexpectedAnswer"), "nor where it is empty");
	end(&call, &arena);

	begin(&call, &arena);
	s3_delete(aws, &call, &nothing);
	ok(err_is(&call.aws.err, ERR_MEMORY),
	   "nor the bucket where there is no key");
	end(&call, &arena);
}

int main(void)
{
	struct loop *loop = loop_new();
	struct err err;

	setenv("HOME", "/nonexistent", 1);
	setenv("AWS_REGION", "eu-west-1", 1);
	setenv("AWS_ACCESS_KEY_ID", "id", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9", 1);
	aws = loop ? aws_new(loop, NULL, NULL, NULL, &err) : NULL;
	if (!ok(aws != NULL, "a client"))
		return done();
	test_memory("ListMultipartUploads", list_uploads,
		    "encoding-type=url&prefix=a%2Fkey&uploads=", "", "");
	test_memory("ListParts", list_parts,
		    "part-number-marker=17&uploadId=an%20upload", "", "");
	test_memory("UploadPart", upload_part,
		    "partNumber=3&uploadId=an%20upload", "", "");
	test_memory("AbortMultipartUpload", abort_upload,
		    "uploadId=an%20upload", "", "");
	test_memory("GetObject", get_version, "versionId=v%201", "", "");
	test_memory("DeleteObject", delete_unmodified, "",
		    "x-amz-delete-if-unmodified-since",
		    "2020-09-13T12:26:40Z");
	test_room();
	test_absent();
	aws_free(aws);
	loop_free(loop);
	return done();
}
