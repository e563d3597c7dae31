/* SPDX-License-Identifier: Apache-2.0 */
#include "verify.h"

#include <strings.h>

void verify_init(struct verify *verify)
{
	verify->bytes = 0;
	digest_md5_init(&verify->md5);
}

void verify_update(struct verify *verify, const void *bytes, size_t n)
{
	verify->bytes += n;
	digest_md5_update(&verify->md5, bytes, n);
}

static int check_size(const struct verify *verify, const struct s3_call *call,
		      const struct record *record, struct err *err)
{
	bool pinned = record->version.n > 0 || record->etag.n > 0;

	if (call->has_size && call->size != verify->bytes) {
		err_set(err, "IncompleteBody", "%llu bytes of %llu came",
			verify->bytes, call->size);
		err->retry = true;
		return -1;
	}
	if (!record->has_size || record->size == verify->bytes)
		return 0;
	return err_set(err, pinned ? "IncompleteBody" : "PreconditionFailed",
		       "%llu bytes came, %llu were announced", verify->bytes,
		       record->size);
}

int verify_end(struct verify *verify, const struct s3_call *call,
	       const struct record *record, struct err *err)
{
	unsigned char sum[DIGEST_MD5_SIZE];
	char hex[DIGEST_HEX_SIZE(DIGEST_MD5_SIZE)];

	if (check_size(verify, call, record, err) < 0)
		return -1;
	if (!call->etag_is_md5)
		return 0;
	digest_md5_final(&verify->md5, sum);
	digest_hex(hex, sum, sizeof(sum));
	if (strncasecmp(hex, call->etag.p, call->etag.n) == 0)
		return 0;
	err_set(err, "BadDigest", "the MD5 of the bytes is %s, the ETag %.*s",
		hex, STR_FMT(call->etag));
	err->retry = true;
	return -1;
}
