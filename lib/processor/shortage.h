/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shortage: did a program end because the machine had nothing left for it?
 *
 * Where no process can be had, a shell says so and ends with a status like any
 * other: dash with 2, bash with 254, Python with 1.  So does a program that
 * cannot write its own files because the disk is full.  Only the words on stderr
 * tell that from a verdict on the data.
 */
#ifndef S3EV_SHORTAGE_H
#define S3EV_SHORTAGE_H

#include <stdbool.h>

#include "base/str.h"

/*
 * Is there a line in what it said that reports a lack of processes, memory,
 * descriptors or room on a disk, as programs do: "name: reason", maybe with more
 * after it?  With has_limit the lack of memory is not one of the machine.
 */
bool shortage_is_in(struct str said, bool has_limit);

#endif
