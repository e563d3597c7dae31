/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/verify.h"

#include "hash/etag.h"
#include "http/http_head.h"

static bool is_encrypted(const struct s3_call *call)
{
	const struct http_request *http = &call->aws.http;

	return http_head_value(http, "x-amz-server-side-encryption-customer-"
				     "algorithm").p ||
	       str_has_prefix(http_head_value(http,
					      "x-amz-server-side-encryption"),
			      STR("aws:kms"));
}

/*
 * The ETag that is the MD5 of the bytes, absent if there is none.  An answer
 * without ETag comes from servers that convert what they send; whether it is
 * what was announced, only the bytes can tell.
 */
static struct str md5_of(const struct s3_call *call,
			 const struct record *record)
{
	bool is_none = call->options && call->options->etag_is_no_md5;

	if (call->etag_is_md5)
		return call->etag;
	if (call->etag.n > 0 || is_none || !etag_is_md5(record->etag) ||
	    is_encrypted(call))
		return STR_NONE;
	return record->etag;
}

bool verify_is_announced(const struct s3_call *call,
			 const struct record *record)
{
	return etag_same(record->etag, call->etag) ||
	       (record_is_version(record->version) &&
		str_eq(record->version, call->version));
}

void verify_expect(struct verify *verify, const struct s3_call *call,
		   const struct record *record, struct arena *arena)
{
	struct str md5 = md5_of(call, record);

	verify->begun = true;
	checksum_init(&verify->checksum, call->checksum);
	verify->etag_is_md5 = md5.n > 0;
	verify->has_md5 = call->checksum == CHECKSUM_NONE && md5.n > 0;
	if (verify->has_md5)
		digest_md5_init(&verify->md5);
	verify->has_size = call->has_size;
	verify->size = call->size;
	verify->is_announced = verify_is_announced(call, record);
	verify->wanted = arena_dup(arena, verify->has_md5 ? md5 :
						call->checksum_value);
}

bool verify_has_digest(const struct verify *verify)
{
	return verify->has_md5 || verify->checksum.kind != CHECKSUM_NONE;
}

void verify_update(struct verify *verify, const void *bytes, size_t n)
{
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

static int check_size(const struct verify *verify, struct err *err)
{
	if (!verify->has_size || verify->size == verify->bytes)
		return 0;
	err_set(err, "IncompleteBody", "%llu bytes of %llu came",
		verify->bytes, verify->size);
	err->retry = true;
	return -1;
}

/*
 * Some servers announce a size of 0, or always the same.  If the answer shows
 * the announced object, its own length and its digest count for more.
 */
static int check_announced(const struct verify *verify,
			   const struct record *record, struct err *err)
{
	bool has_digest = verify_has_digest(verify);

	if (verify->has_md5 && str_eq_nocase(verify->wanted, record->etag))
		return 0;
	if (verify->is_announced && (verify->has_size || has_digest))
		return 0;
	if (verify_size(verify->bytes, record, err) == 0)
		return 0;
	/* Without a length, the end of a connection looks like that of a body. */
	err->retry = !verify->has_size && verify->bytes < record->size;
	return -1;
}

static int bad_digest(const char *what, const char *got, const char *where,
		      struct str wanted, const char *hint, struct err *err)
{
	err_set(err, "BadDigest", "the %s of the bytes is %s, %s %.*s%s", what,
		got, where, STR_FMT(wanted), hint);
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
			  "not", verify->wanted, "", err);
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
	return bad_digest("MD5", hex, "the ETag", etag,
			  "; if this server's ETags are not MD5 sums, say "
			  "--no-etag-md5", err);
}

/* Is the digest wrong because bytes are missing? */
static bool is_cut(const struct verify *verify, const struct record *record)
{
	return !verify->has_size && record->has_size &&
	       verify->bytes < record->size;
}

int verify_end(struct verify *verify, const struct record *record,
	       struct err *err)
{
	if (check_size(verify, err) < 0)
		return -1;
	if (check_checksum(verify, err) == 0 && check_md5(verify, err) == 0)
		return check_announced(verify, record, err);
	if (is_cut(verify, record) && record_is_pinned(record))
		err_set(err, "IncompleteBody", "%llu bytes came, %llu were "
			"announced", verify->bytes, record->size);
	err->retry = true;
	return -1;
}
