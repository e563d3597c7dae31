/* SPDX-License-Identifier: Apache-2.0 */
#include "hash/checksum.h"

#include <string.h>

#include "hash/checksum_fold.h"
#include "hash/checksum_table.h"

const char *checksum_name(enum checksum_kind kind)
{
	static const char *const names[CHECKSUM_KINDS] = {
		"", "CRC64NVME", "CRC32C", "CRC32", "SHA256", "SHA1"
	};

	return names[kind];
}

/* A CRC starts with all ones, and is inverted at the end. */
static uint64_t all_ones(enum checksum_kind kind)
{
	return kind == CHECKSUM_CRC64NVME ? UINT64_MAX : UINT32_MAX;
}

void checksum_init_portable(struct checksum *checksum,
			    enum checksum_kind kind)
{
	checksum->kind = kind;
	checksum->crc = all_ones(kind);
	checksum->update = checksum_table_update;
	if (kind == CHECKSUM_SHA256)
		digest_sha256_init(&checksum->digest.sha256);
	else if (kind == CHECKSUM_SHA1)
		digest_sha1_init(&checksum->digest.sha1);
}

void checksum_init(struct checksum *checksum, enum checksum_kind kind)
{
	checksum_init_portable(checksum, kind);
	if (checksum_can_fold())
		checksum->update = checksum_fold_update;
}

void checksum_update(struct checksum *checksum, const void *bytes, size_t n)
{
	switch (checksum->kind) {
	case CHECKSUM_CRC64NVME:
	case CHECKSUM_CRC32C:
	case CHECKSUM_CRC32:
		checksum->crc = checksum->update(checksum->kind, checksum->crc,
						 bytes, n);
		break;
	case CHECKSUM_SHA256:
		digest_sha256_update(&checksum->digest.sha256, bytes, n);
		break;
	case CHECKSUM_SHA1:
		digest_sha1_update(&checksum->digest.sha1, bytes, n);
		break;
	default:
		break;
	}
}

static size_t put_crc(unsigned char *value, uint64_t crc, size_t n)
{
	for (size_t i = 0; i < n; i++)
		value[i] = (unsigned char)(crc >> 8 * (n - 1 - i));
	return n;
}

size_t checksum_final(struct checksum *checksum,
		      unsigned char value[CHECKSUM_SIZE_MAX])
{
	uint64_t crc = checksum->crc ^ all_ones(checksum->kind);

	switch (checksum->kind) {
	case CHECKSUM_CRC64NVME:
		return put_crc(value, crc, 8);
	case CHECKSUM_CRC32C:
	case CHECKSUM_CRC32:
		return put_crc(value, crc, 4);
	case CHECKSUM_SHA256:
		digest_sha256_final(&checksum->digest.sha256, value);
		return DIGEST_SHA256_SIZE;
	case CHECKSUM_SHA1:
		digest_sha1_final(&checksum->digest.sha1, value);
		return DIGEST_SHA1_SIZE;
	default:
		return 0;
	}
}

void checksum_base64(struct checksum *checksum,
		     char text[DIGEST_BASE64_SIZE(CHECKSUM_SIZE_MAX)])
{
	unsigned char value[CHECKSUM_SIZE_MAX];

	digest_base64(text, value, checksum_final(checksum, value));
}

uint32_t checksum_crc32(struct str text)
{
	struct checksum checksum;
	unsigned char value[CHECKSUM_SIZE_MAX];

	checksum_init(&checksum, CHECKSUM_CRC32);
	if (text.n > 0)
		checksum_update(&checksum, text.p, text.n);
	checksum_final(&checksum, value);
	return (uint32_t)value[0] << 24 | (uint32_t)value[1] << 16 |
	       (uint32_t)value[2] << 8 | value[3];
}
