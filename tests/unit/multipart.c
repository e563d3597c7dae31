/* SPDX-License-Identifier: Apache-2.0 */
#include "place/multipart.h"

#include "tap.h"

int main(void)
{
	const unsigned long long mib = 1 << 20, tib = mib << 20;
	const struct {
		unsigned long long size, wanted, part;
	} table[] = {
		{ 1, 5 * mib, 5 * mib },
		{ 50000 * mib, 5 * mib, 5 * mib },
		{ 50000 * mib + 1, 5 * mib, 6 * mib },
		{ 60000 * mib, 5 * mib, 6 * mib },
		{ 50000 * mib + 1, 128 * mib, 128 * mib },
		{ 5 * tib, 128 * mib, 525 * mib },
		{ 48 * tib, 128 * mib, 5034 * mib },
		{ 10000 * S3_PART_MAX, 5 * mib, S3_PART_MAX },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		unsigned long long part = multipart_part_size(table[i].size,
							      table[i].wanted);

		ok(part == table[i].part, "%llu bytes in parts of %llu",
		   table[i].size, part);
		ok((table[i].size + part - 1) / part <= S3_PARTS_MAX,
		   "no more than the parts that are allowed");
	}
	return done();
}
