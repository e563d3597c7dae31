/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3_answer: what S3 answers, and what is meant by it.  For s3.c only.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
#ifndef S3EV_S3_ANSWER_H
#define S3EV_S3_ANSWER_H

#include "aws.h"
#include "s3.h"
#include "str.h"

/* The judge of an s3_call, see aws.h. */
int s3_answer_judge(struct aws_call *aws, struct err *err);

/* Read what the headers say into the call; good from the first byte on. */
void s3_answer_read(struct s3_call *call);

/* Are both ETags, or versions, known, and not the same? */
bool s3_answer_differs(struct str pinned, struct str got);

/* May the failure be that the bucket is in another region? */
bool s3_answer_is_elsewhere(const struct s3_call *call);

/*
 * The region that a failed call's answer says the bucket is in: its header
 * x-amz-bucket-region, or the Region or Endpoint of its Error.  Absent if the
 * failure was another one.  In the call's arena.
 */
struct str s3_answer_region(const struct s3_call *call);

/*
 * Where a 307 sends the request, without query; absent if it is none, or no
 * place to go.  In the call's arena.
 */
struct str s3_answer_location(const struct s3_call *call);

#endif
