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

struct ddb_call {
	struct aws_call aws;	/* first: a call is an aws_call */
};

/*
 * Make a call ready, with nothing of an earlier one in it; done is called with
 * arg at its end.  The caller may set deadline and trace in aws.
 */
void ddb_begin(struct ddb_call *call, struct arena *arena,
	       void (*done)(void *arg), void *arg);

/*
 * POST body (JSON) as the given action ("PutItem"); see aws_json.h for the
 * answer.  Where body is absent the call fails, since memory is out.
 */
void ddb_start(struct aws *aws, struct ddb_call *call, const char *action,
	       struct str body);

/*
 * DynamoDB says that something is not there, and not what: put the table, and
 * what makes it, into such an error.  Others stay.
 */
void ddb_name_table(struct err *err, const char *table);

#endif
