/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checksum_table: CRCs with tables, eight bytes at a time, on any processor.
 * For checksum.c only.
 */
#ifndef S3EV_CHECKSUM_TABLE_H
#define S3EV_CHECKSUM_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "hash/checksum.h"

/*
 * Add n bytes to the remainder crc.  The caller inverts it at both ends and
 * cuts it to its size.
 */
uint64_t checksum_table_update(enum checksum_kind kind, uint64_t crc,
			       const unsigned char *bytes, size_t n);

#endif
