/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checksum_fold: CRCs by carry-less multiplication, where the processor is an
 * x86-64 that can.  For checksum.c only.
 */
#ifndef S3EV_CHECKSUM_FOLD_H
#define S3EV_CHECKSUM_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hash/checksum.h"

/* Does this processor have carry-less multiplication? */
bool checksum_can_fold(void);

/*
 * The same result as checksum_table_update().  On x86-64, call this only if
 * checksum_can_fold(); on other processors it uses the tables.
 */
uint64_t checksum_fold_update(enum checksum_kind kind, uint64_t crc,
			      const unsigned char *bytes, size_t n);

#endif
