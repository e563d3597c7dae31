/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aws_json: a call to a service that speaks AWS's JSON protocol, version 1.0:
 * DynamoDB, SQS.
 *
 * https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
 */
#ifndef S3EV_AWS_JSON_H
#define S3EV_AWS_JSON_H

#include "aws/aws.h"
#include "base/str.h"

/*
 * POST body (JSON) with target ("DynamoDB_20120810.PutItem") to call->url.  The
 * caller has set service, sign_service, region, url, arena, done and arg; url
 * and target may be NULL, and body absent, if memory is out.  The answer is the JSON in
 * http.body_in, even when the service answers with an error.  The error's name,
 * from after its '#', is in err.code.  If the CRC-32 of an answer is not the
 * announced one, the call is tried again.
 */
void aws_json_start(struct aws *aws, struct aws_call *call, const char *target,
		    struct str body);

/*
 * The same for who reads each answer from end to end and takes what is not JSON
 * for a failure: with a 2xx it is not read here as well.
 */
void aws_json_start_unread(struct aws *aws, struct aws_call *call,
			   const char *target, struct str body);

#endif
