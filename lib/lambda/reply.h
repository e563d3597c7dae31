/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply: the answer of a Lambda function to whoever invoked it, made from what
 * became of the event.  Pure: nothing is sent here.
 *
 * A queue is told which of its messages failed, S3 Batch Operations what became
 * of each task, and all others only whether it went well.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html
 */
#ifndef S3EV_REPLY_H
#define S3EV_REPLY_H

#include "base/buf.h"
#include "base/err.h"
#include "driver/results.h"

/*
 * Append the answer, JSON in the form that the service wants.  results_end() has
 * been called.  Returns 0, or -1 with the reason in err if the invocation has to
 * fail instead.
 */
int reply_put(struct buf *out, const struct results *results, struct err *err);

#endif
