/* SPDX-License-Identifier: Apache-2.0 */
/* checksum: known values, and both ways of computing them agree. */
#include "hash/checksum.h"

#include <stdlib.h>
#include <time.h>

#include "tap.h"

/* The check values of the CRC catalogue, and of FIPS 180-4's "abc". */
static const struct {
	enum checksum_kind kind;
	const char *text, *hex, *base64;
} vectors[] = {
	{ CHECKSUM_CRC32, "123456789", "cbf43926", "y/Q5Jg==" },
	{ CHECKSUM_CRC32C, "123456789", "e3069283", "4waSgw==" },
	{ CHECKSUM_CRC64NVME, "123456789", "ae8b14860a799888",
	  "rosUhgp5mIg=" },
	{ CHECKSUM_CRC32, "", "00000000", "AAAAAA==" },
	{ CHECKSUM_CRC64NVME, "", "0000000000000000", "AAAAAAAAAAA=" },
	{ CHECKSUM_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d",
	  "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=" },
	{ CHECKSUM_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223"
	  "b00361a396177a9cb410ff61f20015ad",
	  "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=" },
	{ CHECKSUM_NONE, "abc", "", "" }
};

static void test_vectors(void)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		const char *text = vectors[i].text;
		char hex[DIGEST_HEX_SIZE(CHECKSUM_SIZE_MAX)];
		char base64[DIGEST_BASE64_SIZE(CHECKSUM_SIZE_MAX)];
		unsigned char value[CHECKSUM_SIZE_MAX];
		struct checksum checksum, copy;

		checksum_init(&checksum, vectors[i].kind);
		checksum_update(&checksum, text, strlen(text));
		copy = checksum;
		digest_hex(hex, value, checksum_final(&checksum, value));
		is(hex, strlen(hex), vectors[i].hex,
		   checksum_name(vectors[i].kind));
		checksum_base64(&copy, base64);
		is(base64, strlen(base64), vectors[i].base64, "in base64");
	}
	ok(checksum_crc32(STR("123456789")) == 0xcbf43926, "crc32 at once");
}

static void crc(enum checksum_kind kind, bool portable,
		const unsigned char *bytes, size_t n, size_t piece,
		unsigned char value[CHECKSUM_SIZE_MAX])
{
	struct checksum checksum;

	memset(value, 0, CHECKSUM_SIZE_MAX);
	if (portable)
		checksum_init_portable(&checksum, kind);
	else
		checksum_init(&checksum, kind);
	for (; n > piece; n -= piece, bytes += piece)
		checksum_update(&checksum, bytes, piece);
	checksum_update(&checksum, bytes, n);
	checksum_final(&checksum, value);
}

/* Bit by bit, straight from the definition. */
static uint64_t slow(uint64_t polynomial, uint64_t ones,
		     const unsigned char *bytes, size_t n)
{
	uint64_t state = ones;

	for (size_t i = 0; i < n; i++) {
		state ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			state = state >> 1 ^ (state & 1 ? polynomial : 0);
	}
	return state ^ ones;
}

static void test_lengths(void)
{
	static const struct {
		enum checksum_kind kind;
		uint64_t polynomial, ones;
		size_t size;
	} crcs[] = {
		{ CHECKSUM_CRC32, 0xedb88320, UINT32_MAX, 4 },
		{ CHECKSUM_CRC32C, 0x82f63b78, UINT32_MAX, 4 },
		{ CHECKSUM_CRC64NVME, 0x9a6c9329ac4bc9b5, UINT64_MAX, 8 }
	};
	unsigned char bytes[700], value[CHECKSUM_SIZE_MAX];
	unsigned char other[CHECKSUM_SIZE_MAX];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * i * 31 + i / 7);
	for (size_t c = 0; c < sizeof(crcs) / sizeof(*crcs); c++) {
		unsigned wrong = 0;

		for (size_t n = 0; n < sizeof(bytes) - 3; n++) {
			uint64_t want = slow(crcs[c].polynomial, crcs[c].ones,
					     bytes + n % 3, n), got = 0;

			crc(crcs[c].kind, false, bytes + n % 3, n, 129, value);
			crc(crcs[c].kind, true, bytes + n % 3, n, 5, other);
			for (size_t i = 0; i < crcs[c].size; i++)
				got = got << 8 | value[i];
			wrong += got != want ||
				 memcmp(value, other, sizeof(value)) != 0;
		}
		ok(wrong == 0, "%s of any length, in any pieces",
		   checksum_name(crcs[c].kind));
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Not a test: print the speed, for those who ask. */
static void measure(void)
{
	enum { SIZE = 1 << 20, TIMES = 500 };
	unsigned char *bytes = calloc(1, SIZE), value[CHECKSUM_SIZE_MAX];

	for (int kind = 1; bytes && kind < CHECKSUM_KINDS; kind++) {
		for (int portable = 0; portable < 2; portable++) {
			double start = now();

			for (int i = 0; i < TIMES; i++)
				crc((enum checksum_kind)kind, portable, bytes,
				    SIZE, 16 << 10, value);
			printf("# %s%s: %.2f GB/s\n",
			       checksum_name((enum checksum_kind)kind),
			       portable ? ", portable" : "",
			       (double)SIZE * TIMES / 1e9 / (now() - start));
		}
	}
	free(bytes);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		measure();
	test_vectors();
	test_lengths();
	return done();
}
