/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3_answer: what S3 answers, and what it means.  For s3*.c only.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
#ifndef S3EV_S3_ANSWER_H
#define S3EV_S3_ANSWER_H

#include "aws/aws.h"
#include "base/str.h"
#include "s3/s3.h"

/* The judge of an s3_call, see aws.h. */
int s3_answer_judge(struct aws_call *aws, struct err *err);

/*
 * Read what the headers say into the call; good from the first byte on.  -1 if
 * memory is out.
 */
int s3_answer_read(struct s3_call *call, struct err *err);

/*
 * Does anything in a good answer show that it is about an object: an ETag, a
 * header of S3, or call->likely_size?  A page that a proxy shows for every URL
 * has none of them.
 */
bool s3_answer_is_proved(const struct s3_call *call);

/*
 * May it be such a page, although it has an ETag?  No header is S3's, and it is
 * HTML, or was made for this request: it does not say when it was written, and
 * its ETag is weak or absent.
 */
bool s3_answer_is_page(const struct s3_call *call);

/*
 * Is it zipped by who has passed it on?  Then its ETag is weak (RFC 9110, 8.8.3),
 * or its length was not known when it began.
 */
bool s3_answer_is_zipped(const struct s3_call *call);

/* The error of a good answer that shows nothing of the kind. */
void s3_answer_doubt(struct s3_call *call, struct err *err);

/* May the failure be that the bucket is in another region? */
bool s3_answer_is_elsewhere(const struct s3_call *call);

/*
 * The region that a failed call's answer names for the bucket: in the header
 * x-amz-bucket-region, or in the Region or Endpoint of its Error.  Absent if
 * the call failed for another reason.  In the call's arena.
 */
struct str s3_answer_region(const struct s3_call *call);

/*
 * The URL without query that a 307 sends the request to.  Absent for any other
 * answer, and if it is no URL that we follow.  In the call's arena.
 */
struct str s3_answer_location(const struct s3_call *call);

#endif
