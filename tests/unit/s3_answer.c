/* SPDX-License-Identifier: Apache-2.0 */
/* s3_answer: what an answer says is known, or the call has failed. */
#include "s3/s3_answer.h"

#include "tap.h"

enum { BLOCK = 4096, STEP = 16 };

static const char head[] =
	"ETag: \"0123456789abcdef0123456789abcdef\"\r\n"
	"x-amz-version-id: a version\r\n"
	"x-amz-meta-s3ev-id: a record\r\n"
	"x-amz-meta-s3ev-claim: a claim\r\n"
	"x-amz-meta-s3ev-upload: an upload\r\n"
	"x-amz-checksum-crc64nvme: AAAAAAAAAAA=\r\n";

static bool is_whole(const struct s3_call *call)
{
	return str_is(call->etag, "0123456789abcdef0123456789abcdef") &&
	       str_is(call->version, "a version") &&
	       str_is(call->record_id, "a record") &&
	       str_is(call->claim_id, "a claim") &&
	       str_is(call->upload_mark, "an upload") &&
	       str_is(call->checksum_value, "AAAAAAAAAAA=");
}

/* With ever more memory: an error, until all is known. */
static void test_memory(void)
{
	unsigned refused = 0, whole = 0, other = 0;

	for (size_t left = 0; left <= BLOCK; left += STEP) {
		struct s3_call call = { .aws.method = "HEAD" };
		struct record_marks read = { .modified = 0 };
		struct arena arena;
		struct err err;

		arena_init(&arena, BLOCK);
		if (left < BLOCK)
			(void)arena_alloc(&arena, BLOCK - left);
		call.aws.arena = &arena;
		http_init(&call.aws.http);
		call.aws.http.status = 200;
		buf_puts(&call.aws.http.head, head);
		if (s3_answer_read(&call, &err) < 0 ||
		    s3_read_marks(&call, &arena, &read, &err) < 0)
			refused += err_is(&err, ERR_MEMORY);
		else if (is_whole(&call) &&
			 str_is(read.checksum, "CRC64NVME:AAAAAAAAAAA="))
			whole++;
		else
			other++;
		http_request_free(&call.aws.http);
		arena_free(&arena);
	}
	ok(refused > 0 && whole > 0 && other == 0,
	   "%u without memory, %u whole, %u other", refused, whole, other);
}

int main(void)
{
	test_memory();
	return done();
}
