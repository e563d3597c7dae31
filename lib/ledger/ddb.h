/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ddb: a call to DynamoDB's JSON protocol.
 *
 * The caller owns the struct and keeps it until done is called.
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
 */
#ifndef S3EV_DDB_H
#define S3EV_DDB_H

#include "aws/aws.h"
#include "base/str.h"

/* The caller sets, in aws: arena, done, arg. */
struct ddb_call {
	struct aws_call aws;	/* first: a call is an aws_call */
};

/*
 * POST body (JSON) as the given action ("PutItem"); see aws_json.h for the
 * answer.
 */
void ddb_start(struct aws *aws, struct ddb_call *call, const char *action,
	       struct str body);

/*
 * DynamoDB says that something is not there, and not what: put the table, and
 * what makes it, into such an error.  Others stay.
 */
void ddb_name_table(struct err *err, const char *table);

#endif
