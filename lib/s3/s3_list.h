/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3_list: a page of what is in a bucket.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
 */
#ifndef S3EV_S3_LIST_H
#define S3EV_S3_LIST_H

#include "aws/aws.h"
#include "base/str.h"
#include "s3/s3.h"

enum s3_list_kind { S3_LIST_V2, S3_LIST_V1, S3_LIST_VERSIONS };

enum { S3_LIST_PAGE_MAX = 1000 };

/* What is asked for.  Absent texts are not sent. */
struct s3_list {
	enum s3_list_kind kind;
	struct str bucket;
	struct str prefix;
	struct str after;	/* a key */
	struct str version;	/* of that key, for S3_LIST_VERSIONS */
	struct str token;	/* of the server, for S3_LIST_V2 */
	unsigned max;		/* entries, 1 to S3_LIST_PAGE_MAX */
};

/* S3's name for the operation: "ListObjectsV2". */
const char *s3_list_name(enum s3_list_kind kind);

/*
 * Ask for keys encoded as URLs; nobody has to do so.  read, which the caller
 * has set in call, reads the document, and may refuse it: then it is asked for
 * once more.
 */
void s3_list(struct aws *aws, struct s3_call *call,
	     const struct s3_list *list);

#endif
