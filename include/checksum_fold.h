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

#include "checksum.h"

/* Does this processor have what it takes? */
bool checksum_can_fold(void);

/* As checksum_table_update(), and the same where it cannot fold. */
uint64_t checksum_fold_update(enum checksum_kind kind, uint64_t crc,
			      const unsigned char *bytes, size_t n);

#endif
