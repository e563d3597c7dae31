/* SPDX-License-Identifier: Apache-2.0 */
#include "verify.h"


void verify_init(struct verify *verify, struct s3_call *call)
{
	verify->call = call;
	verify->begun = verify->has_md5 = false;
	verify->bytes = 0;
}

void verify_expect(struct verify *verify, struct arena *arena)
{
	struct s3_call *call = verify->call;

	verify->begun = true;
	s3_read_answer(call);
	checksum_init(&verify->checksum, call->checksum);
	verify->etag_is_md5 = call->etag_is_md5;
	verify->has_md5 = call->checksum == CHECKSUM_NONE && call->etag_is_md5;
	if (verify->has_md5)
		digest_md5_init(&verify->md5);
	verify->has_size = call->has_size;
	verify->size = call->size;
	verify->wanted = arena_dup(arena, verify->has_md5 ? call->etag :
						call->checksum_value);
}

static void begin(struct verify *verify)
{
	if (!verify->begun)
		verify_expect(verify, verify->call->aws.arena);
}

void verify_update(struct verify *verify, const void *bytes, size_t n)
{
	begin(verify);
	verify->bytes += n;
	checksum_update(&verify->checksum, bytes, n);
	if (verify->has_md5)
		digest_md5_update(&verify->md5, bytes, n);
}

int verify_size(unsigned long long bytes, const struct record *record,
		struct err *err)
{
	bool pinned = record_is_pinned(record);

	if (!record->has_size || record->size == bytes)
		return 0;
	return err_set(err, pinned ? "IncompleteBody" : "PreconditionFailed",
		       "%llu bytes came, %llu were announced", bytes,
		       record->size);
}

static int check_size(const struct verify *verify, const struct record *record,
		      struct err *err)
{
	if (verify->has_size && verify->size != verify->bytes) {
		err_set(err, "IncompleteBody", "%llu bytes of %llu came",
			verify->bytes, verify->size);
		err->retry = true;
		return -1;
	}
	return verify_size(verify->bytes, record, err);
}

static int bad_digest(const char *what, const char *got, const char *where,
		      struct str wanted, struct err *err)
{
	err_set(err, "BadDigest", "the %s of the bytes is %s, %s %.*s", what,
		got, where, STR_FMT(wanted));
	err->retry = true;
	return -1;
}

static int check_checksum(struct verify *verify, struct err *err)
{
	char text[DIGEST_BASE64_SIZE(CHECKSUM_SIZE_MAX)];

	if (verify->checksum.kind == CHECKSUM_NONE)
		return 0;
	checksum_base64(&verify->checksum, text);
	if (str_is(verify->wanted, text))
		return 0;
	return bad_digest(checksum_name(verify->checksum.kind), text,
			  "not", verify->wanted, err);
}

static int check_md5(struct verify *verify, struct err *err)
{
	unsigned char sum[DIGEST_MD5_SIZE];
	char hex[DIGEST_HEX_SIZE(DIGEST_MD5_SIZE)];
	struct str etag = verify->wanted;

	if (!verify->has_md5)
		return 0;
	digest_md5_final(&verify->md5, sum);
	digest_hex(hex, sum, sizeof(sum));
	if (str_is_nocase(etag, hex))
		return 0;
	return bad_digest("MD5", hex, "the ETag", etag, err);
}

int verify_end(struct verify *verify, const struct record *record,
	       struct err *err)
{
	begin(verify);
	if (check_size(verify, record, err) < 0 ||
	    check_checksum(verify, err) < 0)
		return -1;
	return check_md5(verify, err);
}
