/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector: sends bodies of OTLP to whoever takes them.
 *
 * A plain collector gets a POST with the headers of OTEL_EXPORTER_OTLP_HEADERS.
 * CloudWatch (monitoring.REGION.amazonaws.com) gets one that is signed with
 * AWS's credentials.  429, 502, 503, 504 and lost connections are tried again,
 * a plain one not before its Retry-After is over, until OTEL_EXPORTER_OTLP_TIMEOUT
 * (10 s) has passed since the first try.  One body is on its way at a time.
 * Since the numbers are cumulative, of those that wait only the newest is kept.
 *
 * Each variable is also read as OTEL_EXPORTER_OTLP_METRICS_..., which counts
 * more.
 *
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
#ifndef S3EV_COLLECTOR_H
#define S3EV_COLLECTOR_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "io/loop.h"

struct aws;
struct collector;

struct collector_options {
	struct loop *loop;
	const char *url;	/* with no path, /v1/metrics is added; NULL:
				 * what the environment says */
	bool sigv4;		/* sign for CloudWatch, whatever the host */

	/* AWS, which is only opened for CloudWatch.  NULL with err. */
	struct aws *(*aws)(void *ctx, struct err *err);

	/* What could not be sent, once until something can be again. */
	void (*report)(void *ctx, const char *line);
	void *ctx;
};

/* Does the environment name a collector? */
bool collector_is_set(void);

/*
 * options are copied, what they point to is borrowed.  NULL with
 * "InvalidConfig" if URL, headers or time make no sense, or the error of aws.
 */
struct collector *collector_new(const struct collector_options *options,
				struct err *err);
void collector_free(struct collector *collector);

/* Send a copy of body, now or when the one before is through. */
void collector_send(struct collector *collector, struct str body);

/*
 * Turn the loop until all is sent or given up.  false if the last body was not
 * taken, which has been reported.
 */
bool collector_finish(struct collector *collector);

#endif
