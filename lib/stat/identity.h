/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity: whose numbers these are, so that no two who count write one series.
 *
 * Two services on a machine differ by OTEL_SERVICE_NAME.  The pipelines that a
 * driver runs side by side differ by S3EV_PIPELINE, "2/4" for the second of
 * four: one that takes another's place has its number, and goes on with its file.
 * For OTLP each has an id besides, which the driver gives it in S3EV_INSTANCE;
 * whoever has none makes one.
 *
 * https://opentelemetry.io/docs/specs/semconv/registry/attributes/service/
 */
#ifndef S3EV_IDENTITY_H
#define S3EV_IDENTITY_H

#include "base/buf.h"
#include "base/str.h"
#include "base/uuid.h"
#include "stat/metrics.h"

enum { IDENTITY_PIPELINES_MAX = 64 };

struct identity {
	struct str service;	/* absent: not set; borrowed from the environment */
	struct str number;	/* of the pipeline; absent: there is only one */
	unsigned long long pipeline, pipelines;	/* 1 of 1, where there is none */
	char instance[UUID_SIZE];
};

/* Read the environment.  What makes no sense in it counts as not set. */
void identity_read(struct identity *identity);

/*
 * Append the name of the pipeline's own file.  The first writes path itself,
 * "x.prom", the second "x.pipeline-2.prom".
 */
void identity_put_path(struct buf *out, const char *path,
		       unsigned long long pipeline);

/*
 * The first of the pipelines removes files of those that are not there any more,
 * because there were more of them in an earlier run.
 */
void identity_sweep(const struct identity *identity, const char *path);

#endif
