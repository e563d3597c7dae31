/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prom: metrics as Prometheus reads them, in a file or in an answer over HTTP.
 *
 * The text has no timestamps: node_exporter's textfile collector skips a file
 * that has one.  Its Content-Type is PROM_TYPE.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
#ifndef S3EV_PROM_H
#define S3EV_PROM_H

#include "base/buf.h"
#include "base/err.h"
#include "stat/metrics.h"

#define PROM_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum { PROM_MAX = 1 << 20 };	/* bytes; enough for METRICS_MAX samples */

/* Append the text. */
void prom_put(struct buf *out, const struct metrics *metrics);

/*
 * Make it the content of the file at path: written beside it, and renamed, so
 * that nobody reads half of it.  Others may read it, whatever the umask: the
 * exporter is another user.  -1 with ERR_SYSTEM; what was there stays then.
 */
int prom_write(const char *path, const struct metrics *metrics,
	       struct err *err);

#endif
