/* SPDX-License-Identifier: Apache-2.0 */
/*
 * otlp: metrics as one request of OTLP, in JSON.  Pure.
 *
 * Counters and histograms are cumulative: a collector that misses a request
 * loses nothing.  64-bit numbers are strings there.
 *
 * https://opentelemetry.io/docs/specs/otlp/
 */
#ifndef S3EV_OTLP_H
#define S3EV_OTLP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "stat/metrics.h"

enum { OTLP_MAX = 1 << 20 };	/* bytes */

struct otlp {
	const struct metrics *metrics;
	uint64_t started, now;		/* ms since 1970 */
	struct str service;		/* service.name */
	struct str instance;		/* service.instance.id, if attributes has
					 * none */
	struct str attributes;		/* "name=value,...", percent-encoded, as
					 * OTEL_RESOURCE_ATTRIBUTES has it */
};

/* Append the body of an ExportMetricsServiceRequest. */
void otlp_put(struct buf *out, const struct otlp *otlp);

/*
 * Take the first "name=value" off a list as in OTEL_RESOURCE_ATTRIBUTES and
 * OTEL_EXPORTER_OTLP_HEADERS.  The value is decoded into room, which has space
 * for list->n bytes.  Returns 1, or 0 at the end, or -1 for what is no pair.
 */
int otlp_next_pair(struct str *list, char *room, struct str_pair *pair);

/*
 * What the answer to a request says besides that it was taken.  A message may
 * come with nothing rejected: that is a warning.
 */
struct otlp_answer {
	bool is_partial;	/* some points were rejected */
	struct str message;	/* from the arena; may be absent */
};
struct otlp_answer otlp_answer(struct str answer, struct arena *arena);

#endif
