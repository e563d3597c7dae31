/* SPDX-License-Identifier: Apache-2.0 */
/*
 * emf: what an invocation did, as a line that CloudWatch makes metrics of.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
#ifndef S3EV_EMF_H
#define S3EV_EMF_H

#include <stdint.h>

#include "reply.h"
#include "buf.h"
#include "str.h"

struct emf {
	const char *function;		/* its name, the dimension */
	struct str request;		/* id */
	uint64_t time;			/* ms since 1970 */
	uint64_t duration;		/* ms */
	const struct reply_counts *counts;
};

/* Append the line, with its newline. */
void emf_put(struct buf *out, const struct emf *emf);

#endif
