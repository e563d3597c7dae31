/* SPDX-License-Identifier: Apache-2.0 */
#include "hash/checksum_fold.h"

#include "hash/checksum_table.h"

#ifdef __x86_64__

#include <emmintrin.h>
#include <wmmintrin.h>

enum { LANE = sizeof(__m128i), BLOCK = 4 * LANE };

/*
 * Folding takes 16 bytes away and adds a sum to the 16 bytes that stand D bits
 * further on, so that the remainder stays the same: the lower half of the bytes
 * times x^(D + 64) plus the upper half times x^D.  With both powers reduced,
 * the sum fits into 16 bytes.  The product of two reflected numbers comes out
 * one bit too high, so the table holds the powers with an exponent of one less.
 * A power of 32 bits is in the upper half of its word.
 */
static const uint64_t powers[][2][2] = {
	/* x^575, x^511; x^191, x^127 */
	[CHECKSUM_CRC64NVME] = { { 0x0c32cdb31e18a84a, 0x62242240ace5045a },
				  { 0xeadc41fd2ba3d420, 0x21e9761e252621ac } },
	[CHECKSUM_CRC32C] = { { 0x1c19243b00000000, 0x75bba45b00000000 },
				  { 0x3743f7bd00000000, 0x3171d43000000000 } },
	[CHECKSUM_CRC32] = { { 0x653d982200000000, 0xcad38e8f00000000 },
				  { 0x65673b4600000000, 0x9ba54c6f00000000 } },
};

bool checksum_can_fold(void)
{
	return __builtin_cpu_supports("pclmul");
}

static __m128i load(const unsigned char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static __m128i pair(const uint64_t words[2])
{
	return _mm_set_epi64x((long long)words[1], (long long)words[0]);
}

__attribute__((target("pclmul")))
static __m128i fold(__m128i lane, __m128i power, __m128i onto)
{
	__m128i low = _mm_clmulepi64_si128(lane, power, 0x00);
	__m128i high = _mm_clmulepi64_si128(lane, power, 0x11);

	return _mm_xor_si128(_mm_xor_si128(low, high), onto);
}

/* n is a multiple of BLOCK, and not 0. */
__attribute__((target("pclmul")))
static uint64_t fold_blocks(enum checksum_kind kind, uint64_t crc,
			    const unsigned char *p, size_t n)
{
	const unsigned char *end = p + n;
	__m128i far = pair(powers[kind][0]), near = pair(powers[kind][1]);
	__m128i a = load(p), b = load(p + LANE), c = load(p + 2 * LANE);
	__m128i d = load(p + 3 * LANE);
	unsigned char last[LANE];

	a = _mm_xor_si128(a, _mm_cvtsi64_si128((long long)crc));
	/* Fold four lanes side by side: a product takes several cycles. */
	for (p += BLOCK; p < end; p += BLOCK) {
		a = fold(a, far, load(p));
		b = fold(b, far, load(p + LANE));
		c = fold(c, far, load(p + 2 * LANE));
		d = fold(d, far, load(p + 3 * LANE));
	}
	d = fold(fold(fold(a, near, b), near, c), near, d);
	_mm_storeu_si128((__m128i *)(void *)last, d);
	return checksum_table_update(kind, 0, last, sizeof(last));
}

uint64_t checksum_fold_update(enum checksum_kind kind, uint64_t crc,
			      const unsigned char *bytes, size_t n)
{
	size_t whole = n - n % BLOCK;

	if (whole > 0)
		crc = fold_blocks(kind, crc, bytes, whole);
	return checksum_table_update(kind, crc, bytes + whole, n - whole);
}

#else

bool checksum_can_fold(void)
{
	return false;
}

uint64_t checksum_fold_update(enum checksum_kind kind, uint64_t crc,
			      const unsigned char *bytes, size_t n)
{
	return checksum_table_update(kind, crc, bytes, n);
}

#endif
