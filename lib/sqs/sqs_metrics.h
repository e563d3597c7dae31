/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqs_metrics: what a worker counts, as metrics.  Pure.
 *
 * Each has the queue's name as a label, since workers of several queues may
 * write files for one node_exporter.
 */
#ifndef S3EV_SQS_METRICS_H
#define S3EV_SQS_METRICS_H

#include "base/str.h"
#include "sqs/pump.h"
#include "stat/metrics.h"

/* Add s3ev_sqs_received_total and the rest.  They borrow queue. */
void sqs_metrics_put(struct metrics *metrics, struct str queue,
		     const struct pump_counts *counts);

#endif
