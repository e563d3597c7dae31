/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ddb: a call to DynamoDB's JSON protocol.
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
 */
#ifndef S3EV_DDB_H
#define S3EV_DDB_H

#include "aws.h"
#include "str.h"

/* The caller sets, in aws: arena, done, arg. */
struct ddb_call {
	struct aws_call aws;	/* first: a call is an aws_call */
};

/*
 * POST body (JSON) as the given action ("PutItem").  The answer is the JSON in
 * aws.http.body_in, also when the call failed with an error of DynamoDB, whose
 * name, without what stands before its '#', is in aws.err.code.  An answer
 * whose CRC-32 is not the announced one is tried again.
 */
void ddb_start(struct aws *aws, struct ddb_call *call, const char *action,
	       struct str body);

#endif
