/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3ev/filter.h: to write a filter.
 *
 * A filter is a program that stands in a pipe of records: see s3ev(7).  The
 * engine (filter/flow.h) reads them, keeps several in flight, and writes each
 * once; it passes on marks, what has failed before, and every byte that it does
 * not know.  The filter's own part is one function that is given a record and
 * ends, then or later, with flow_done(), flow_bad(), flow_gone() or
 * flow_failed().  What waits does so in the loop (io/loop.h); a function that
 * blocks stops all records.
 *
 * Promised is the source, as in s3ev/sign.h.  struct aws is no part of that: set
 * lazy in struct filter, and no configuration or credentials are looked for.
 *
 * Ownership: a record and its text are borrowed, and live until the item is
 * finished; what the work on it needs comes from item->arena and goes with it.
 * Zeroed memory for its state comes with each item.
 *
 * Errors: flow_bad() if the data is wrong, flow_failed() with a struct err if
 * the work could not be done now.  Both let the record go on, and the exit
 * status follows from that.  Lines for people go to report(), not to stderr.
 *
 *	static void start(void *ctx, struct flow_item *item)
 *	{
 *		json_member_number(&item->members, "depth", depth(item));
 *		flow_done(item);
 *	}
 *
 * A whole program is in s3ev-c(7).
 */
#ifndef S3EV_API_FILTER_H
#define S3EV_API_FILTER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "filter/filter.h"
#include "filter/flow.h"
#include "filter/options.h"
#include "filter/progress.h"
#include "filter/stats.h"
#include "format/json.h"
#include "format/json_write.h"
#include "io/loop.h"
#include "record/record.h"

#endif
