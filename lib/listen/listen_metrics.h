/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listen_metrics: what a listener counts, as text for Prometheus.  Pure.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
#ifndef S3EV_LISTEN_METRICS_H
#define S3EV_LISTEN_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "driver/driver.h"
#include "listen/journal.h"

struct listener_counts;

#define LISTEN_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum { LISTEN_METRICS_MAX = 16 << 10, LISTEN_STATUSES_MAX = 16 };

/* How often each HTTP status was answered; zeroed before first use. */
struct listen_statuses {
	int status[LISTEN_STATUSES_MAX];
	unsigned long long count[LISTEN_STATUSES_MAX];
};

void listen_statuses_add(struct listen_statuses *statuses, int status);

struct listen_metrics {
	const struct listener_counts *counts;
	const struct listen_statuses *statuses;
	const struct driver_counts *driver;
	const struct journal_counts *journal;	/* NULL: there is none */
	size_t waiting, connections;
	bool is_healthy;
};

void listen_metrics_put(struct buf *out, const struct listen_metrics *metrics);

#endif
